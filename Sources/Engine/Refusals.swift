package import Store

/// What outlives turns that the store refuses for now (docs/reliability.md#disk): their inputs, which
/// are answers already received, and when the next one is tried.
///
/// The scheduler and the simulation go on by the same rules.
package struct Refusals {
    private static let waitMillisecondsMin: Int64 = 5_000

    /// Inputs to take again, before any newer ones.
    package private(set) var inputs: [Input] = []
    /// Where those stood among the inputs that were noted last.
    package private(set) var places: [Int] = []
    /// The file isn't open yet, or must be opened and checked anew before the next turn.
    package private(set) var mustReopen = true
    private var count: Int64 = 0

    /// Nothing was refused.
    package init() {}

    /// The daemon is to stop.
    var isStopped: Bool {
        inputs.contains { input in
            if case .stop = input { return true }
            return false
        }
    }

    /// The last turn was refused.
    package var isAny: Bool { count > 0 }

    /// How long to wait before the next turn.
    ///
    /// - Parameter max: no wait is longer, since a turn must come in time for the watchdog.
    /// - Returns: milliseconds.
    package func waitMilliseconds(max: Int64) -> Int64 {
        min(Self.waitMillisecondsMin * count, max)
    }

    /// Keeps the inputs of a turn that was refused, or of an opening.
    ///
    /// - Parameters:
    ///   - error: a passing one.
    ///   - inputs: of the turn, those of earlier ones, which were kept, first.
    /// - Returns: answers to commands, which are dropped: who gave up must not be surprised by a
    ///   start later on. A reload that the ledger may stand on already is none of them.
    package mutating func note(_ error: StoreError, _ inputs: [Input]) -> [Effect] {
        let wasOpen = !mustReopen
        // After FULL and BUSY the file is as it was; of anything else only the disk can tell.
        if error.kind != .full && error.kind != .busy { mustReopen = true }
        count += 1
        let keptBefore = self.inputs.count
        let mayBeWritten = wasOpen && mustReopen
        var dropped: [Int] = []
        places = []
        for place in inputs.indices {
            if Self.isKept(inputs[place], mayBeWritten: place < keptBefore || mayBeWritten) {
                places.append(place)
            } else {
                dropped.append(place)
            }
        }
        self.inputs = places.map { inputs[$0] }
        return dropped.compactMap { Self.commandID(of: inputs[$0]) }.map { id in
            .reply(
                commandID: id,
                CommandReply(
                    exitCode: 75,
                    message: "the database can't be written now "
                        + "(\(error.kind == .full ? "disk full" : error.cause)), try again later"))
        }
    }

    /// The file was opened.
    package mutating func noteOpened() { mustReopen = false }

    /// A turn was taken.
    ///
    /// One that wrote nothing says nothing of the disk.
    ///
    /// - Parameter didWrite: something was written.
    /// - Returns: true if that is the end of the trouble.
    package mutating func noteTaken(didWrite: Bool) -> Bool {
        (inputs, places) = ([], [])
        guard didWrite, count > 0 else { return false }
        count = 0
        return true
    }

    private static func isKept(_ input: Input, mayBeWritten: Bool) -> Bool {
        switch input {
        case .command: false
        // Dropped, the engine would go on by the roster from before over a ledger of after.
        case .configuration(_, let id): id == nil || mayBeWritten
        case .answer, .credentialChanged, .trouble, .delivered, .stop: true
        }
    }

    /// The command that waits for an answer to this input.
    private static func commandID(of input: Input) -> UInt64? {
        switch input {
        case .command(let id, _, _): id
        case .configuration(_, let id): id
        case .answer, .credentialChanged, .trouble, .delivered, .stop: nil
        }
    }
}
