import ProcessesAPI
import Store

/// What a word means for the eye: the class of its colour.
///
/// Taken from what the word is a word of, never from how it is spelled: a pause for the reason
/// "errors in the close" is no error.
package enum Tone: String, Sendable {
    case good, off, bad, warn, live, calm

    /// Of the outcome of a slot's run, or of its disposition without one; calm: of neither.
    package init(result word: String) {
        self =
            RunOutcome(rawValue: word).map(Tone.init)
            ?? Disposition(rawValue: word).map(Tone.init) ?? .calm
    }

    /// Of the status of a run, of a group, of a job, or of a job's action; calm: unknown to us.
    package init(status word: String) {
        let status = RunStatus(word).canonical
        self = Self.statuses[status] ?? Self.actions[RunStatus.folded(word)] ?? .calm
    }

    /// Of a row of `attention`: all of them want a person, some because harm was done.
    package init(attention kind: String) {
        self = Self.harms.contains(kind) ? .bad : .warn
    }

    init(_ outcome: RunOutcome) {
        self =
            switch outcome {
            case .active: .live
            case .succeeded: .good
            case .cancelled: .off
            case .failed, .lost: .bad
            case .attention: .warn
            }
    }

    init(_ disposition: Disposition) {
        self =
            switch disposition {
            case .pending: .calm
            case .starting, .started: .live
            case .unknown, .held: .warn
            case .skipped, .coalesced, .cancelled: .off
            case .missed, .expired, .failed: .bad
            }
    }

    init(_ attempt: AttemptState) {
        self =
            switch attempt {
            case .starting, .started, .adopted: .live
            case .unknown, .held: .warn
            case .notSent, .refused, .absent, .withdrawn: .calm
            }
    }

    private static let statuses: [RunStatus: Tone] = [
        .waiting: .calm, .running: .live, .cancelling: .off, .complete: .good, .cancelled: .off,
        .error: .bad, .errorHold: .bad,
    ]

    /// What people's steps say beside those: the documentation lists them no further.
    private static let actions: [String: Tone] = [
        "inprogress": .live, "active": .live, "started": .live, "done": .good, "approved": .good,
        "signed": .good, "certified": .good, "rejected": .bad, "failed": .bad, "skipped": .off,
    ]

    private static let harms = Set(
        [Disposition.failed, .missed, .expired].map(\.rawValue)
            + [RunOutcome.failed, .lost].map { "run \($0.rawValue)" }
            + [AlarmKind.possibleDuplicate.rawValue])
}
