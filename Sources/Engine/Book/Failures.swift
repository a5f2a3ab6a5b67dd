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
            nextStep: nextStep, connection: connection ?? slot?.connection,
            schedule: try slot?.schedule ?? runKey.flatMap { try ledger.run($0)?.schedule },
            slotID: slot?.slotID, attempt: attempt, runKey: runKey)
        row.take(failure)
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

extension NewError {
    /// What the API has said of the failure.
    mutating func take(_ failure: APIFailure) {
        httpStatus = failure.httpStatus
        (code, target) = (failure.code, failure.target)
        (meta, details) = (failure.meta, failure.details)
    }

    /// What the API has found; what it doesn't say stays.
    mutating func take(_ finding: APIErrorBody) {
        (code, target) = (finding.code ?? code, finding.target ?? target)
        (meta, details) = (finding.meta ?? meta, finding.details ?? details)
    }
}
