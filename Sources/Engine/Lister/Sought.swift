import Store
import Timetable

/// What a slot waits for a list to show.
enum Sought: Hashable {
    case process(ProcessKey)
    case name(String)
}

/// Lists in a row that were sent for something's sake and didn't show it.
struct Unlisted {
    private static let gapMilliseconds: ClosedRange<Int64> = 2_000...60_000
    /// Who hasn't asked for so long has given up, and begins anew.
    private static let memoryMilliseconds: Int64 = 600_000
    private var lists = 0
    private var at: Instant

    init(at now: Instant) { at = now }

    mutating func note(_ now: Instant) {
        lists = min(lists + 1, 1_000)
        at = now
    }

    /// - Returns: when it may be asked for again; nil: at once.
    func next(after now: Instant) -> Instant? {
        // After a step back of the clock the gap would last for as long as the step.
        guard at <= now else { return nil }
        let next = at.adding(
            milliseconds: Backoff.ceilingMilliseconds(
                base: Self.gapMilliseconds.lowerBound, cap: Self.gapMilliseconds.upperBound,
                attempt: lists))
        return next > now ? next : nil
    }

    func matters(at now: Instant) -> Bool {
        (0..<Self.memoryMilliseconds).contains(now.since(at))
    }
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
