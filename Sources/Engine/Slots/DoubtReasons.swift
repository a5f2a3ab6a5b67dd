package import Store
package import Timetable

/// Why nobody knows whether an attempt has created a run.
package enum DoubtReason: Sendable, Equatable {
    case answerUnreadable
    case answerNotStored
    case neverAnswered
    case daemonEnded
    case failure(String)
    /// The answer names a run that belongs to another slot.
    case foreignRun(String, slotID: Int64)
    /// The answer is one to another request: of a cache, or of a gateway that repeats itself.
    case answeredToAnother(OtherAnswer)

    /// What tells that an answer isn't to this start.
    package enum OtherAnswer: Sendable, Equatable {
        case run(String, ofProcess: String)
        case runCreatedBefore(String, at: Instant)
        case cached(runID: String, ageSeconds: Int64)

        var words: String {
            switch self {
            case .run(let runID, let process): "run \(runID), which is one of process \(process)"
            case .runCreatedBefore(let runID, let at):
                "run \(runID), which was created before it, at \(at.iso8601)"
            case .cached(let runID, let age):
                "run \(runID) out of a cache, \(age) s old"
            }
        }
    }

    /// The reason as a person reads it.
    package func words(attempt number: Int) -> String {
        switch self {
        case .answerUnreadable: "the answer to attempt \(number) can't be read"
        case .answerNotStored: "the answer to attempt \(number) can't be stored"
        case .neverAnswered: "attempt \(number) was never answered"
        case .daemonEnded: "the daemon ended while attempt \(number) was out"
        case .failure(let summary): "attempt \(number): \(summary)"
        case .foreignRun(let runID, let slotID):
            "attempt \(number) was answered with run \(runID), which belongs to slot \(slotID)"
        case .answeredToAnother(let other):
            "attempt \(number) was answered with \(other.words)"
        }
    }
}

/// What keeps us from telling what became of an attempt whose answer was lost.
package enum Loss: Sendable, Equatable {
    /// Nobody knows what the process showed before; it shows that run now.
    case noLookBefore(shows: String?)
    /// The process shows no run any more.
    case baselineGone(Baseline)
    case misfit(runID: String, Misfit)
    case noConnection(baseURL: String)

    /// Why the run that a process shows can't be taken for the attempt's own.
    package enum Misfit: Sendable, Equatable {
        case claimed, contested, rivalled, undated, earlier, later
        case ofUser(String)

        /// The reason as a person reads it.
        package var words: String {
            switch self {
            case .claimed: "which belongs to another slot"
            case .contested: "which another held slot may have created too"
            case .rivalled: "beside another run that may be this attempt's too"
            case .undated: "which has no creation time"
            case .earlier: "which was created before the attempt began"
            case .later: "which was created after the attempt could still act"
            case .ofUser(let user): "which user \(user) started"
            }
        }
    }

    /// Completes "the answer was lost".
    var words: String {
        switch self {
        case .noLookBefore(let runID):
            " and no check before it was possible; the process now shows "
                + (runID.map { "run \($0)" } ?? "no run")
        case .baselineGone(let baseline):
            ", and the process shows no run any more where it showed \(baseline.stored)"
        case .misfit(let runID, let misfit):
            ", and the process shows run \(runID), \(misfit.words)"
        case .noConnection(let baseURL):
            ", and no connection of the configuration leads to \(baseURL) any more"
        }
    }
}

/// How a slot has got its run.
package enum StartedReason: Sendable, Equatable {
    case attempt(Int, isLate: Bool, hadLook: Bool)
    case found(runID: String, attempt: Int)
    case named(runID: String, by: String)

    /// The reason as a person reads it.
    package var words: String {
        switch self {
        case .attempt(let number, let isLate, let hadLook):
            "started by attempt \(number)" + (isLate ? ", late" : "")
                + (hadLook ? "" : "; no check was possible before it")
        case .found(let runID, let number):
            "attempt \(number)'s answer was lost, its run \(runID) was found"
        case .named(let runID, let actor): "run \(runID), named by \(actor)"
        }
    }
}
