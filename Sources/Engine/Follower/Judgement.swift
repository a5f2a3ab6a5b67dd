import ProcessesAPI
package import Store

/// The judgement of a run by status, counts and time (docs/protocol.md#words, outcome).
package struct Judgement: Sendable, Equatable {
    package var outcome: RunOutcome
    /// Why, where a person wants to know.
    package var reason: String?

    static let overTime = Judgement(outcome: .attention, reason: "longer than run_within")
    static let pastDueDate = Judgement(outcome: .attention, reason: "its due date has passed")
    static func late(_ job: JobDue) -> Judgement {
        Judgement(
            outcome: .attention,
            reason: "the due date of the job \"\(job.title)\", \(job.day), has passed")
    }
    static let lost = Judgement(
        outcome: .lost, reason: "the API does not know the run any more (404)")

    /// Judges a run.
    ///
    /// - Parameters:
    ///   - status: as the API says it; unknown ones count as open.
    ///   - counts: status to count of the jobs, counted over the tree.
    ///   - actions: the API's own map; its words count where no job has such a status.
    ///   - rules: the schedule's `outcome`.
    ///   - isOverTime: it runs longer than `run_within`.
    ///   - isPastDueDate: its due date has passed while it is open.
    ///   - parts: status to count of the jobs of parts of the tree.
    ///   - lateJob: a job whose due date has passed while it is open.
    /// - Returns: the outcome, with its reason.
    package static func judge(
        status: String, counts: [String: Int64], actions: [String: Int64] = [:],
        rules: OutcomeRules, isOverTime: Bool, isPastDueDate: Bool, parts: PartCounts = [:],
        lateJob: JobDue? = nil
    ) -> Judgement {
        if let rule = rules.failIf.first(where: { $0.holds(for: counts, actions, parts: parts) }) {
            return Judgement(outcome: .failed, reason: "fail_if: \(rule)")
        }
        switch status {
        case "complete":
            if let rule = rules.warnIf.first(where: { $0.holds(for: counts, actions, parts: parts) }
            ) {
                return Judgement(outcome: .attention, reason: "warn_if: \(rule)")
            }
            return Judgement(outcome: .succeeded, reason: nil)
        case "cancelled":
            return Judgement(outcome: .cancelled, reason: "cancelled in Workiva")
        case "error", "errorHold":
            return Judgement(
                outcome: .attention,
                reason: "status \(status): open the process in Workiva and fix the failed job")
        default:
            // Nobody can say what comes after it, so it is followed, and a person is told.
            if !RunStatus(status).isKnown {
                return Judgement(
                    outcome: .attention,
                    reason: "status \"\(status)\" is not one that Carillon knows; the run counts "
                        + "as open until it is complete or cancelled")
            }
        }
        if let rule = rules.warnIf.first(where: { $0.holds(for: counts, actions, parts: parts) }) {
            return Judgement(outcome: .attention, reason: "warn_if: \(rule)")
        }
        if isOverTime { return .overTime }
        if isPastDueDate { return .pastDueDate }
        if let lateJob { return .late(lateJob) }
        return Judgement(outcome: .active, reason: nil)
    }
}
