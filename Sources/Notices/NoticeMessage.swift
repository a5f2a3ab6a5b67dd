package import Store
package import Timetable

/// What a message says, before it takes the form of a receiver.
///
/// The same message has the same words at each attempt: nothing here knows the time of sending.
package struct NoticeMessage: Sendable, Equatable {
    /// What a receiver tells repeats by.
    package var id: String
    package var target: String
    package var createdAt: Instant
    /// The first events of it, in the order they came about.
    package var events: [EventRow]
    /// All of them, by kind.
    package var counts: [EventKind: Int]

    package init(
        id: String, target: String, createdAt: Instant, events: [EventRow],
        counts: [EventKind: Int]
    ) {
        self.id = id
        self.target = target
        self.createdAt = createdAt
        self.events = events
        self.counts = counts
    }

    /// A message that shows that a target can be reached.
    package static func test(target: String, id: String, now: Instant) -> NoticeMessage {
        let kind = EventKind(rawValue: "test")
        let event = EventRow(
            eventID: 0, at: now, kind: kind, subject: "Carillon",
            words: "nothing has happened; messages of Carillon reach \(target)")
        return NoticeMessage(
            id: id, target: target, createdAt: now, events: [event], counts: [kind: 1])
    }

    /// How many events it tells of.
    package var count: Int { counts.values.reduce(0, +) }

    /// How many of them are not in `events`.
    var omitted: Int { max(0, count - events.count) }

    private static let subjectsMax = 5
    private static let wordsMax = 400

    /// One line: what it is about.
    package var title: String {
        if count == 1, let event = events.first {
            return "\(Self.bounded(event.subject, 120)) \(Self.phrase(event.kind))"
        }
        let parts = kinds.map { "\(counts[$0] ?? 0) × \(Self.phrase($0))" }
        return Self.bounded(parts.joined(separator: ", "), 240)
    }

    /// For people, a line for each event, or for each kind of many that came together.
    package var lines: [String] {
        kinds.flatMap { kind -> [String] in
            let shown = events.filter { $0.kind == kind }
            let number = counts[kind] ?? shown.count
            guard number > 3 else { return shown.map(Self.line) }
            let names = shown.prefix(Self.subjectsMax).map { Self.bounded($0.subject, 120) }
            let rest = number - names.count
            let first = shown.first.map { "; the first: \(Self.bounded($0.words, Self.wordsMax))" }
            return [
                "\(number) × \(Self.phrase(kind)): \(names.joined(separator: ", "))"
                    + (rest > 0 ? " and \(rest) more" : "") + (first ?? "")
            ]
        }
    }

    private static func line(_ event: EventRow) -> String {
        "\(event.at.iso8601) \(bounded(event.subject, 120)) \(phrase(event.kind)): "
            + bounded(event.words, wordsMax)
    }

    /// Worst first, ends last.
    private var kinds: [EventKind] {
        counts.keys.sorted { left, right in
            (Self.rank(left), left.rawValue) < (Self.rank(right), right.rawValue)
        }
    }

    private static func rank(_ kind: EventKind) -> Int {
        if kind.isEnd { return EventFamily.allCases.count }
        return EventFamily.allCases.firstIndex(of: kind.family) ?? 0
    }

    /// Text of the API is bounded, and loses what would act on a terminal or begin a line of its own.
    static func bounded(_ text: String, _ charactersMax: Int) -> String {
        let plain = String(
            text.unicodeScalars.map { scalar in
                scalar.properties.generalCategory == .control
                    || scalar.properties.generalCategory == .lineSeparator
                    || scalar.properties.generalCategory == .paragraphSeparator
                    ? " " : Character(scalar)
            })
        return plain.count <= charactersMax ? plain : plain.prefix(charactersMax - 1) + "…"
    }

    private static func phrase(_ kind: EventKind) -> String {
        switch kind {
        case .slotFailed: "was refused and did not start"
        case .slotExpired: "came too late and did not start"
        case .slotMissed: "was missed while the daemon was down"
        case .slotHeld: "is held until a person decides"
        case .slotResolved: "is decided"
        case .slotWaiting: "has not started in time"
        case .runFailed: "failed by its outcome rule"
        case .runInError: "is in error"
        case .runLost: "is lost"
        case .runOverTime: "takes too long"
        case .runWarned: "needs a look"
        case .startByMissed: "did not start by its deadline"
        case .finishByMissed: "has not finished by its deadline"
        case .lateForecast: "will be late"
        case .runFast: "succeeded suspiciously fast"
        case .recovered: "is well again"
        case .catchupDone: "is done"
        case EventKind(.unreachable): "can't be reached"
        case EventKind(.credential): "has its credential refused"
        case .backfill: "is made up for"
        case EventKind(.grantExpires): "has a grant that expires"
        case EventKind(.versionEnds): "speaks an API version that ends"
        case EventKind(.paused): "is paused after failures"
        case EventKind(.blocked), EventKind(.throttled): "is blocked"
        case EventKind(.possibleDuplicate): "may be a duplicate"
        case EventKind(.calendarEnds): "has no holidays after its last one"
        default: kind.rawValue.split(separator: "_").joined(separator: " ")
        }
    }
}
