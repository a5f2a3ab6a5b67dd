import Timetable

extension Gate {
    /// What somebody wants to send.
    enum Errand {
        case start, validation, check
        case read(RateBudget.Priority)
        case list(RateBudget.Priority)
        /// A further page of a list that is being read.
        case page(RateBudget.Priority)

        var operation: String {
            switch self {
            case .start: "runProcess"
            case .validation, .check: "validateProcess"
            case .read: "getProcessRun"
            case .list, .page: "listProcesses"
            }
        }

        var priority: RateBudget.Priority {
            switch self {
            case .start, .validation: .start
            case .check: .other
            case .read(let priority), .list(let priority), .page(let priority): priority
            }
        }
    }

    /// Why something has to wait.
    enum Obstacle {
        case asked(until: Instant)
        case breaker
        case clock
        case credential(since: Instant)
        case token
        case budget(until: Instant)

        /// When it ends by itself, as far as that is known.
        var until: Instant? {
            switch self {
            case .asked(let until), .budget(let until): until
            case .breaker, .clock, .credential, .token: nil
            }
        }
    }
}
