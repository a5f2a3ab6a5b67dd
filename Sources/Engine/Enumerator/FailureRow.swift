import ProcessesAPI
package import Store

/// Failures in a row of a schedule (docs/protocol.md, rule 21).
package enum FailureRow {
    /// What a slot that started, or was refused, says of its schedule.
    package enum Verdict: Sendable, Equatable {
        case success
        case failure(String)
        /// Its run goes on, was cancelled by a person, or only needs a look.
        case neither
    }

    /// Judges an ended slot by its run.
    ///
    /// - Parameter work: the slot with its run.
    /// - Returns: what counts.
    package static func judge(_ work: EndedWork) -> Verdict {
        guard let run = work.run else {
            return .failure("slot \(work.slotID) failed: \(work.reason)")
        }
        switch run.outcome {
        case .succeeded: return .success
        case .failed, .lost: return .failure("run \(run.runID) is \(run.outcome.rawValue)")
        case .attention where RunStatus(run.status).isInError:
            return .failure("run \(run.runID) is in \(run.status)")
        case .attention, .active, .cancelled: return .neither
        }
    }

    /// The failures since the last success.
    ///
    /// - Parameter verdicts: the newest first.
    /// - Returns: their words, the newest first.
    package static func failures(_ verdicts: [Verdict]) -> [String] {
        var found: [String] = []
        for verdict in verdicts {
            switch verdict {
            case .success: return found
            case .failure(let words): found.append(words)
            case .neither: break
            }
        }
        return found
    }
}
