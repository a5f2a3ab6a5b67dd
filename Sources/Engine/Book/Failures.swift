import ProcessesAPI
import Store

extension TurnBook {
    /// Stores a failure with what happens next.
    ///
    /// - Returns: its row in `error_log`.
    /// - Throws: `StoreError`.
    @discardableResult
    func note(
        _ failure: APIFailure, answer: APIAnswer, slot: SlotRow?, connection: String? = nil,
        attempt: Int? = nil, runKey: Int64? = nil, nextStep: String,
        repeatsWithin: Int64 = 3_600_000
    ) throws -> Int64 {
        var row = NewError(
            operation: answer.call.operation, message: failure.message ?? failure.summary,
            nextStep: nextStep)
        row.connection = connection ?? slot?.connection
        row.schedule = try slot?.schedule ?? runKey.flatMap { try ledger.run($0)?.schedule }
        row.slotID = slot?.slotID
        row.attempt = attempt
        row.runKey = runKey
        row.httpStatus = failure.httpStatus
        row.code = failure.code
        row.target = failure.target
        row.meta = failure.meta
        row.details = failure.details
        row.documentationURL = failure.documentationURL
        row.retryAfterSeconds = failure.hint?.delaySeconds
        if failure.isAboutVersion {
            row.nextStep =
                "the API version is not served any more: set api_version, see: carillon attention; "
                + nextStep
        }
        return try ledger.insert(row, now: now, repeatsWithin: repeatsWithin)
    }
}
