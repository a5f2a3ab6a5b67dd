import Timetable

/// What a slot waits for a list to show.
enum Sought: Hashable {
    case process(ProcessKey)
    case name(String)
}

/// Lists of a connection that fail in a row.
struct Unread {
    private static let toldMilliseconds: Int64 = 600_000
    private(set) var since: Instant
    var isTold = false

    init(since: Instant) { self.since = since }

    func isLong(at now: Instant) -> Bool { now.since(since) >= Self.toldMilliseconds }

    mutating func move(byMilliseconds milliseconds: Int64) {
        since = since.adding(milliseconds: milliseconds)
    }
}
