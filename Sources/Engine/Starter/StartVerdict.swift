package import ProcessesAPI

/// What a failed start means (docs/protocol.md, rule 4).
package enum StartVerdict: Sendable, Equatable {
    /// Not sent for certain: back to `pending`, after a backoff; no attempt is charged.
    case notSent(isCertificate: Bool)
    /// The API asks us to wait; no attempt is charged, time is.
    case throttled
    /// The token was not accepted.
    case unauthorized
    /// Refused for good.
    case refused
    /// A conflict that the schedule wants tried again.
    case conflict
    /// Refused, but a later attempt may succeed (a 503 of the API without a hint).
    case unavailable
    /// It may have created a run.
    case ambiguous

    /// Judges a failure.
    ///
    /// - Parameters:
    ///   - failure: what the answer's decoder made of it.
    ///   - afterAmbiguous: an earlier attempt of the same slot was ambiguous, so that a 409 may be
    ///     the echo of its run.
    ///   - onConflict: the schedule's policy.
    /// - Returns: what becomes of the slot's attempt.
    package static func judge(
        _ failure: APIFailure, afterAmbiguous: Bool, onConflict: ConflictPolicy
    ) -> StartVerdict {
        switch failure.kind {
        case .notSent: return .notSent(isCertificate: failure.isCertificate)
        case .ambiguous: return .ambiguous
        case .refused:
            switch failure.httpStatus {
            case 429: return .throttled
            case 503: return failure.hint == nil ? .unavailable : .throttled
            case 401: return .unauthorized
            case 409:
                return afterAmbiguous ? .ambiguous : onConflict == .retry ? .conflict : .refused
            case 400, 403, 404, 405, 413, 415, 422: return .refused
            default: return .ambiguous
            }
        }
    }
}
