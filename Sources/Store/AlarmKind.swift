/// What the daemon raises for a person, by the word that `attention` shows.
package enum AlarmKind: String, Sendable, CaseIterable {
    /// A rate-limit hint of more than an hour.
    case blocked
    /// Somebody else starts with our user.
    case anotherCarillon = "another Carillon"
    /// The holidays of a calendar end soon, or have ended.
    case calendarEnds = "calendar ends"
    /// Answers come out of a cache.
    case cachedAnswers = "cached answers"
    /// Rules on counts don't see a whole tree.
    case cutTree = "cut tree"
    /// A list is read only in part.
    case incompleteList = "incomplete list"
    /// Our clock and a server's differ too much for starts.
    case clock
    /// A changed config has mistakes, and the one before stays in force.
    case configuration
    /// A client credential is not accepted.
    case credential
    /// The check beside the turns has found a damage in the file.
    case damaged
    /// Little room is left where the ledger is.
    case disk
    /// The control socket or the dashboard can't be opened.
    case door
    /// The day comes on which a grant expires, as the config has it.
    case grantExpires = "grant expires"
    /// A limit that an answer names, far below the configured rate.
    case limit
    /// The write-ahead log grows, because a reader never ends.
    case log
    /// A ledger was begun where there was one before.
    case newLedger = "new ledger"
    /// The check beside the turns can't read a part of the file.
    case notChecked = "not checked"
    /// Rules look at a part of a tree that isn't there.
    case missingPart = "missing part"
    /// A target of messages takes none.
    case notify
    /// A run can't be read any more.
    case notReadable = "not readable"
    /// One run makes slot after slot skip.
    case overlap
    /// A run that may be the second one of a slot.
    case possibleDuplicate = "possible_duplicate"
    /// A schedule has failed so often that it was paused.
    case paused
    /// What a check ahead of a slot has found.
    case preflight
    /// A change of the config that only a restart takes over.
    case restart
    /// The grant lacks what is needed.
    case scope
    /// A schedule makes no slots after a failure of our own.
    case setAside = "set aside"
    /// Lists don't show what changes.
    case sweepDistrusted = "sweep distrusted"
    /// A lost answer that no look can settle.
    case undecided
    /// Refusals in a row that don't say how long to wait.
    case throttled
    /// Ends that a schedule waits for together never came together.
    case unmatched
    /// The API can't be reached.
    case unreachable
    /// The API version is not served any more.
    case version
    /// The day comes on which an API version ends, as the config has it.
    case versionEnds = "version ends"
    /// A file or zone isn't there yet, and a connection or schedule waits for it.
    case waits

    /// What an alarm's subject names.
    package enum Subject: Sendable {
        case connection, schedule, slot, run, process, daemon, target, calendar
        /// A schedule, or a connection by `waitingSubject`.
        case waiting
    }

    /// What the subject of this kind names: the alarm goes where that goes.
    package var subject: Subject {
        switch self {
        case .blocked, .anotherCarillon, .cachedAnswers, .incompleteList, .clock, .credential,
            .grantExpires, .limit, .scope, .sweepDistrusted, .throttled, .unreachable, .version,
            .versionEnds:
            .connection
        case .cutTree, .missingPart, .overlap, .paused, .setAside, .unmatched: .schedule
        case .preflight, .undecided: .slot
        case .possibleDuplicate: .run
        case .notReadable: .process
        case .configuration, .damaged, .disk, .door, .log, .newLedger, .notChecked, .restart:
            .daemon
        case .notify: .target
        case .calendarEnds: .calendar
        case .waits: .waiting
        }
    }

    /// The subject of `waits` where it is a connection that waits; a schedule is named as it is.
    ///
    /// - Parameter name: of the connection.
    /// - Returns: the subject.
    package static func waitingSubject(connection name: String) -> String { "connection \(name)" }

    /// The subject of `possible_duplicate`.
    ///
    /// - Parameters:
    ///   - runID: of the run that may be one.
    ///   - processID: whose run it is.
    /// - Returns: the subject.
    package static func duplicateSubject(run runID: String, of processID: String) -> String {
        "\(processID) \(runID)"
    }

    /// The run that a subject of `possible_duplicate` names; nil: it is another process's.
    ///
    /// - Parameters:
    ///   - subject: as `duplicateSubject` makes it.
    ///   - processID: the process.
    /// - Returns: its run's id.
    package static func duplicateRun(in subject: String, of processID: String) -> String? {
        let prefix = duplicateSubject(run: "", of: processID)
        return subject.hasPrefix(prefix) ? String(subject.dropFirst(prefix.count)) : nil
    }

    /// The words of all kinds about the same, as a JSON list for a statement.
    static func words(of subject: Subject) -> String {
        "["
            + allCases.filter { $0.subject == subject }.map { "\"\($0.rawValue)\"" }
            .joined(separator: ",") + "]"
    }
}
