/// A time zone (placeholder of the skeleton: replaced by the Timetable helper).
package struct Zone: Sendable, Equatable {
    package var name: String
    package static let utc = Zone(name: "UTC")
    /// The offset from UTC in seconds, east positive.
    package func offsetSeconds(at instant: Instant) -> Int { 0 }
}

/// What a schedule's rule, zone, DST policy and calendar compile to (placeholder).
package struct FiringRule: Sendable {
    package let everyMilliseconds: Int64
    package var isReboot: Bool { false }
    package var isNever: Bool { false }
    package var fingerprint: String { "every \(everyMilliseconds)" }
    package func next(after instant: Instant) -> Occurrence? { nil }
    package func previous(atOrBefore instant: Instant) -> Occurrence? { nil }
}

/// One instant of a rule (placeholder).
package struct Occurrence: Sendable, Equatable {
    package enum Decision: Sendable, Equatable {
        case run
        case skipped(reason: String)
        case coalesced(reason: String)
    }
    package let at: Instant
    package let utcOffsetSeconds: Int
    package let decision: Decision
    package let note: String?
}
