import Store
import Timetable

/// A room of the engine: what it knows beside the ledger is its own, and goes back when a step or a
/// turn fails.
///
/// Lost at every death, so nothing may depend on it for safety.
protocol Room: AnyObject {
    /// Notes what the room knows now.
    ///
    /// - Returns: puts it back.
    func keep() -> () -> Void
    /// The turn is durable: nothing that was kept is put back any more.
    func settle()
    /// A turn begins.
    func beginTurn()
    /// The wall clock was set by so much since the last turn: what is noted in its time moves along.
    func clockWasSet(by milliseconds: Int64) throws
}

extension Room {
    func settle() {}
    func beginTurn() {}
    func clockWasSet(by milliseconds: Int64) {}
}

/// The one rollback: a turn and each of its steps put back the ledger, the book and every room.
extension TurnBook {
    /// Runs a turn in one transaction.
    ///
    /// - Throws: what `work` throws, and what the COMMIT does; nothing has happened then.
    func turn<T>(at moment: Now, _ work: () throws -> T) throws -> T {
        let putBack = keepAll()
        open(at: moment)
        do {
            let result = try ledger.transaction(work)
            settleAll()
            return result
        } catch {
            putBack()
            throw error
        }
    }

    /// Runs a turn in a transaction that stays open, and tells what it has changed, so that this can be
    /// kept elsewhere first (docs/cluster.md, R1).
    ///
    /// - Throws: as `turn`; nothing has happened then.
    func open<T>(at moment: Now, _ work: () throws -> T) throws -> (result: T, changes: [UInt8]) {
        let putBack = keepAll()
        open(at: moment)
        do {
            let open = try ledger.recorded(work)
            putBackOpen = putBack
            return open
        } catch {
            putBack()
            throw error
        }
    }

    /// The open turn is kept: it becomes durable here, too.
    ///
    /// - Throws: what the COMMIT does; nothing has happened in this ledger then.
    func commit(at place: LogPlace?) throws {
        do {
            try ledger.commit(at: place)
            putBackOpen = nil
            settleAll()
        } catch {
            putBackOpen?()
            putBackOpen = nil
            throw error
        }
    }

    /// The open turn never was.
    func rollBack() {
        ledger.rollBack()
        putBackOpen?()
        putBackOpen = nil
    }

    /// Runs one step in a SAVEPOINT: its failure undoes only itself and writes an error row.
    ///
    /// What was not written was not done: no effect of it leaves, no room remembers it.
    ///
    /// - Parameters:
    ///   - what: completes "could not …".
    ///   - schedule: whose step it is, for the error row.
    ///   - slotID: whose step it is, for the error row.
    ///   - work: writes, wants and learns what is undone together.
    /// - Returns: false if it failed.
    /// - Throws: only what ended the whole transaction or endangers the file.
    @discardableResult
    func step(
        _ what: String, schedule: String? = nil, slotID: Int64? = nil, _ work: () throws -> Void
    ) throws -> Bool {
        let putBack = keepAll()
        do {
            try ledger.savepoint(work)
            return true
        } catch let error as StoreError where error.kind != .constraint && error.kind != .other {
            throw error
        } catch {
            putBack()
            try ledger.insert(
                NewError(
                    operation: "turn", message: "could not \(what): \(error)",
                    nextStep: "the rest of the turn goes on", schedule: schedule, slotID: slotID),
                now: now)
            log(.error, "could not \(what): \(error)")
            return false
        }
    }
}
