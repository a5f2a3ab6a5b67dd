import Cluster
import Store
import Timetable

/// Why a node that has all of the log must not lead all the same (docs/cluster.md, R6).
package enum LeadObstacle: Sendable, Equatable {
    /// It has not read its configuration yet.
    case noPlan
    /// Its files are others than those that the leader goes by.
    case otherPlan(own: String, leading: String)
    /// It has other rules of that schedule's time zone.
    case otherZoneData(schedule: String)
    /// Its clock and that of the log's keeper differ by so much.
    case clock(milliseconds: Int64)

    /// The end of a sentence that begins with the node.
    package var words: String {
        switch self {
        case .noPlan: "has not read its configuration yet"
        case .otherPlan(let own, let leading):
            "has other configuration files (\(own)) than the leader goes by (\(leading)): bring "
                + "the same files to all hosts, then carillon reload on each"
        case .otherZoneData(let schedule):
            "has other time zone data, which schedule \(schedule) goes by: bring tzdata to the "
                + "same version on all hosts"
        case .clock(let milliseconds):
            "has a clock that differs from PostgreSQL's by \(milliseconds) ms, and 2000 ms are "
                + "allowed: look after NTP on both"
        }
    }

    static let clockMillisecondsMax: Int64 = 2_000

    /// Judges a node that follows.
    ///
    /// - Parameters:
    ///   - plan: under which it would lead.
    ///   - ledger: with what the leader goes by.
    ///   - clockMilliseconds: ours minus the keeper's; nil: not known yet.
    /// - Returns: what is in the way; nil: nothing.
    /// - Throws: `StoreError` if the ledger can't be read.
    static func judge(
        _ plan: EngineConfiguration?, _ ledger: Ledger, clockMilliseconds: Int64?
    ) throws -> LeadObstacle? {
        guard let plan else { return .noPlan }
        if let clockMilliseconds, clockMilliseconds.magnitude > clockMillisecondsMax.magnitude {
            return .clock(milliseconds: clockMilliseconds)
        }
        // Nobody has led yet: there is nothing to differ from.
        guard let leading = try ledger.lastRevision()?.contentHash else { return nil }
        guard leading == plan.contentHash else {
            return .otherPlan(own: plan.contentHash, leading: leading)
        }
        for schedule in plan.schedules {
            let known = try ledger.upcomingZoneDataHash(schedule: schedule.name)
            if let known, known != Upcoming.zoneDataHash(of: schedule) {
                return .otherZoneData(schedule: schedule.name)
            }
        }
        return nil
    }
}
