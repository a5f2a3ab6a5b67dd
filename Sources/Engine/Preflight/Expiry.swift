package import Store
package import Timetable

/// What of a connection ends on a day that the config names.
package enum Expiry: Sendable, CaseIterable {
    case grant, version

    /// How near the day is; a raw value is the most days that are left.
    package enum Stage: Int, Sendable, CaseIterable {
        case month = 30
        case week = 7
        case day = 1
        case over = -1
    }

    /// The alarm that tells of it.
    package var kind: AlarmKind {
        switch self {
        case .grant: .grantExpires
        case .version: .versionEnds
        }
    }

    /// The day that a connection's config names.
    package func lastDay(of connection: Connection) -> CivilDate? {
        switch self {
        case .grant: connection.grantExpires
        case .version: connection.versionEnds
        }
    }

    /// How near a day is.
    ///
    /// - Parameters:
    ///   - lastDay: the day, in UTC as today.
    ///   - today: the present one.
    /// - Returns: nil: more than 30 days away.
    package static func stage(of lastDay: CivilDate, today: CivilDate) -> Stage? {
        let left = lastDay.dayNumber - today.dayNumber
        return Stage.allCases.last { left <= Int64($0.rawValue) }
    }

    /// When the stage of a day changes next; nil: never again.
    package static func nextChange(of lastDay: CivilDate, after now: Instant) -> Instant? {
        Stage.allCases
            .map { CivilDate(dayNumber: lastDay.dayNumber - Int64($0.rawValue)).beginningUTC }
            .first { $0 > now }
    }

    /// What a person is told: the same for a whole stage.
    package func words(_ connection: String, _ lastDay: CivilDate, _ stage: Stage) -> String {
        let when =
            switch stage {
            case .month: "on \(lastDay.iso8601), in at most 30 days"
            case .week: "on \(lastDay.iso8601), in at most 7 days"
            case .day: "on \(lastDay.iso8601), in at most a day"
            case .over: "on \(lastDay.iso8601)"
            }
        switch self {
        case .grant:
            return
                "the grant of \(connection) \(stage == .over ? "has expired" : "expires") \(when): "
                + "renew it in Workiva, take over its secret, and move grant_expires; without it "
                + "nothing is started"
        case .version:
            return
                "the API version of \(connection) \(stage == .over ? "has ended" : "ends") \(when): "
                + "see which one takes its place, and move api_version and version_ends; where it "
                + "isn't served nothing is started"
        }
    }
}
