import Engine
package import Store
import Timetable

/// The ledger's file as the daemon meets it: it opens, refuses turns for a while, and takes them again.
extension Simulator {
    /// What becomes of a COMMIT that fails.
    package struct DiskTrouble: Sendable {
        package var error: StoreError
        /// It is in the file all the same, as after a sync that has failed.
        package var isWritten: Bool

        /// A trouble of that kind.
        ///
        /// - Parameters:
        ///   - kind: a passing one.
        ///   - cause: in words.
        ///   - isWritten: the turn is in the file all the same; not with `full` and `busy`.
        package init(_ kind: StoreError.Kind, _ cause: String, isWritten: Bool = false) {
            error = StoreError(
                kind: kind, attempted: "write the turn", path: "ledger", cause: cause, advice: "")
            self.isWritten = isWritten
        }
    }

    /// Opens the ledger, as the scheduler does before its first turn.
    func open() throws {
        let ledger = try Ledger(
            path: path, pid: nil, now: wall,
            durability: plan.keepsBook ? .simulated : .thrownAway)
        clockwork = Clockwork(
            ledger: ledger, pid: 1, version: "simulated", recompile: recompile,
            limits: plan.limits, guards: plan.guards)
        self.ledger = ledger
        isOpening = false
        retryAt = nil
        refusals.noteOpened()
        watchSteps(of: ledger)
    }

    /// Deaths, and what the disk says, come between statements.
    private func watchSteps(of ledger: Ledger) {
        guard plan.keepsBook else { return }
        let everyStep = plan.diesAtEveryStep
        // The ledger keeps this; kept by it, too, the file of each simulator would stay open.
        ledger.database.willStep = { [weak self, weak ledger] sql in
            guard let self, let ledger else { return }
            let isEdge = Ledger.isTransactionEdge(sql)
            if everyStep || isEdge { try pass() }
            if isEdge, diskTrouble != nil { try meetDisk(ledger, sql) }
        }
    }

    /// What writes nothing gets through on a full disk, too.
    private func meetDisk(_ ledger: Ledger, _ sql: String) throws {
        let changes = ledger.database.totalChanges
        if sql == "COMMIT", changes != changesAtBegin, let diskTrouble {
            if diskTrouble.isWritten {
                let willStep = ledger.database.willStep
                ledger.database.willStep = nil
                defer { ledger.database.willStep = willStep }
                try ledger.database.execute(sql)
            }
            throw diskTrouble.error
        }
        changesAtBegin = changes
    }

    /// A turn, over a file that is opened anew first where that must be.
    func take(_ inputs: [Input], _ clockwork: Clockwork) throws -> Clockwork.Result {
        let now = Now(wall: wall, monotonicMilliseconds: monotonic)
        if refusals.mustReopen {
            try clockwork.reopen(now: now)
            refusals.noteOpened()
            if let ledger { watchSteps(of: ledger) }
        }
        return try clockwork.take(inputs, now: now, provesWrites: refusals.isAny)
    }

    /// Nothing is sent; answers are kept, and another turn is tried later.
    func outlast(_ error: StoreError, _ taken: [(event: Event, input: Input)]) {
        for reply in refusals.note(error, taken.map(\.input)) { release(reply) }
        keptEvents = refusals.places.map { taken[$0].event }
        storeTrouble = error
        retryAt = time.adding(
            milliseconds: refusals.waitMilliseconds(max: Scheduler.waitMillisecondsMax))
    }

    /// A turn was taken; one that wrote nothing says nothing of the disk.
    func noteTaken(didWrite: Bool) {
        keptEvents = []
        retryAt = nil
        if refusals.noteTaken(didWrite: didWrite) { storeTrouble = nil }
    }

    /// The daemon is gone.
    func forgetRefusals() {
        refusals = Refusals()
        keptEvents = []
        retryAt = nil
        storeTrouble = nil
    }
}
