import Cluster
import Store

/// A ledger that lacks migrations of this binary is brought up to date by whoever leads, with all hosts
/// (docs/cluster.md, R12).
extension Scheduler {
    /// What is told again and again while something long goes on: that this node lives.
    func living(_ seat: LogSeat) -> () -> Void {
        { [observer, clock] in
            seat.noteAlive()
            observer.turnCompleted(clock.now())
        }
    }

    /// Makes the migrations that the ledger lacks, each as an entry of the log, before the first turn of
    /// a term.
    ///
    /// - Returns: false: it leads no more.
    /// - Throws: `StoreError` that only a restart or a person can recover from.
    func migrate(_ ledger: Ledger, _ log: any TurnLog, _ seat: LogSeat) async throws -> Bool {
        let post = Post(seat: seat, log: log, install: try ledger.logPlace()?.install ?? "")
        do {
            while try step(ledger, post) {}
            return true
        } catch is Fenced {
            say(.warning, "leads no more: the lease was lost over a migration")
        } catch let error as StoreError where error.isPassing {
            say(.error, "the schema can't be brought up to date: \(error)")
            observer.storeFailing(error)
            note(error)
            // Another one is to lead; here the disk is given a while.
            seat.fence()
            await clock.sleep(milliseconds: Self.refusedMilliseconds)
        }
        return false
    }

    /// One migration: appended, then committed (R1).
    private func step(_ ledger: Ledger, _ post: Post) throws -> Bool {
        let now = clock.now()
        let isMade: Bool
        do {
            isMade = try ledger.migrateNext(now: now.wall, working: living(post.seat)) { body in
                guard let place = append(body, .migration, post, now: clock.now()) else {
                    throw Fenced()
                }
                return place
            }
        } catch let error as StoreError {
            // It may be in the log and not here: this node follows, and reads it there.
            post.seat.fence()
            throw error
        }
        if isMade { post.seat.committed() }
        return isMade
    }
}
