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

    /// What a turn was about.
    struct TakenTurn {
        var events: [Event]
        var inputs: [Input]
        var isSpin: Bool
    }

    /// Opens the ledger, as the scheduler does before its first turn.
    func open() throws {
        let ledger = try Ledger(
            path: path, pid: nil, now: wall,
            durability: plan.keepsBook ? .simulated : .thrownAway, isTrusted: true)
        clockwork = Clockwork(
            ledger: ledger, pid: 1, version: "simulated", recompile: recompile,
            limits: plan.limits, guards: plan.guards, membership: membership)
        self.ledger = ledger
        isOpening = false
        retryAt = nil
        refusals.noteOpened()
        watchSteps(of: ledger)
    }

    /// Deaths, and what the disk says, come between statements.
    private func watchSteps(of ledger: Ledger) {
        guard plan.keepsBook else { return }
        let (everyStep, onStatement) = (plan.diesAtEveryStep, onStatement)
        // The ledger keeps this; kept by it, too, the file of each simulator would stay open.
        ledger.database.willStep = { [weak self, weak ledger] sql in
            guard let self, let ledger else { return }
            onStatement?(sql)
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
    ///
    /// - Returns: nil if it waits for its log.
    func take(_ turn: TakenTurn, _ clockwork: Clockwork) throws -> Clockwork.Result? {
        let now = Now(wall: wall, monotonicMilliseconds: monotonic)
        if refusals.mustReopen {
            try clockwork.reopen(now: now)
            refusals.noteOpened()
            if let ledger { watchSteps(of: ledger) }
        }
        let provesWrites = refusals.isAny
        guard let keep else {
            return try clockwork.take(turn.inputs, now: now, provesWrites: provesWrites)
        }
        let open = try clockwork.open(turn.inputs, now: now, provesWrites: provesWrites)
        if open.changes.isEmpty { return try clockwork.commit(open, at: nil) }
        // In the log before it counts here: a death in between is one of the points.
        openTurn = (turn, open)
        let place = keep(open.changes)
        try pass()
        guard let place else { return nil }
        openTurn = nil
        return try clockwork.commit(open, at: place)
    }

    /// The log has the turn that is open: it counts.
    ///
    /// - Parameters:
    ///   - place: where the ledger stands with it.
    ///   - noted: called between the COMMIT and the effects.
    /// - Throws: `StoreError` of the COMMIT, which the log is ahead of then; a death only ends the life.
    package func commit(at place: LogPlace, noted: () -> Void) throws {
        guard let clockwork, let (turn, open) = openTurn else { return }
        openTurn = nil
        do {
            let result = try clockwork.commit(open, at: place)
            noted()
            try end(turn, result)
        } catch is Killed {
            kill()
        }
    }

    /// Nothing is sent; answers are kept, and another turn is tried later.
    func outlast(_ error: StoreError, _ turn: TakenTurn?) {
        for reply in refusals.note(error, turn?.inputs ?? []) { release(reply) }
        keptEvents = refusals.places.compactMap { turn?.events[$0] }
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

    /// Nothing of what has happened can change what comes next: the future is that of a simulation that
    /// begins now.
    ///
    /// - Parameter milliseconds: for so long nothing will be asked for.
    /// - Returns: false if anything can.
    /// - Throws: `StoreError`.
    package func isAtRest(forMilliseconds milliseconds: Int64) throws -> Bool {
        guard let ledger, let clockwork, events.isEmpty, errorLines.isEmpty, !isStuck,
            clockwork.isAtRest(until: monotonic + milliseconds),
            try ledger.isAtRest(now: wall)
        else { return false }
        for schedule in configuration.schedules {
            guard case .after(let rule) = schedule.trigger,
                let row = try ledger.schedule(schedule.name)
            else { continue }
            // With several upstreams, ends of one wait for ends of the others.
            for upstream in rule.upstreams
            where try !ledger.unusedEnds(
                of: upstream, for: schedule.name, since: row.effectiveAt, limit: 1
            ).isEmpty {
                return false
            }
        }
        return true
    }
}
