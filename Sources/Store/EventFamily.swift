/// What people are told of together: the words of `notify` in the config.
package enum EventFamily: String, Sendable, CaseIterable {
    /// A start or a run that failed.
    case failed
    /// A person must decide.
    case held
    /// Not in time: expired, missed, waiting too long, running too long.
    case late
    /// It went well, as far as the API says, and still looks wrong.
    case suspect
    /// What many schedules hang on: connection, configuration, ledger.
    case trouble
    /// Good to know, nothing to do.
    case info

    /// What a plain list of targets stands for.
    package static let sensible: [EventFamily] = [.failed, .held, .late, .suspect, .trouble]
}

extension EventKind {
    /// The family of the kind; the word of an alarm that isn't named here is trouble.
    ///
    /// `recovered` and `slot_resolved` go where what they end went, so their own family hardly matters.
    package var family: EventFamily {
        switch self {
        case .slotFailed, .runFailed, .runInError, .runLost, EventKind(.paused): .failed
        case .slotHeld, EventKind(.undecided), EventKind(.possibleDuplicate): .held
        case .slotExpired, .slotMissed, .slotWaiting, .runOverTime, .startByMissed, .finishByMissed,
            .lateForecast, EventKind(.unmatched):
            .late
        case .runWarned, .runFast, EventKind(.cutTree), EventKind(.missingPart): .suspect
        case .recovered, .slotResolved, .catchupDone, .backfill: .info
        default: .trouble
        }
    }

    /// It tells of the end of something.
    package var isEnd: Bool { self == .recovered || self == .slotResolved }
}

/// What a dead-man service is told, in the form of healthchecks.io: the end of the address.
package enum Beat: String, Sendable {
    case start = "/start"
    case success = ""
    case fail = "/fail"
}

extension EventKind {
    /// What a heartbeat says of it; nil: nothing.
    package var beat: Beat? {
        switch self {
        case .runStarted: .start
        case .runSucceeded: .success
        case .slotFailed, .slotExpired, .slotMissed, .slotHeld, .runFailed, .runInError, .runLost:
            .fail
        default: nil
        }
    }

    /// People are told of it.
    package var isForPeople: Bool { self != .runStarted && self != .runSucceeded }
}
