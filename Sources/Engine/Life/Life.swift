import Store
package import Timetable

/// This life of the daemon: since when it is up, whether it goes on, and how far its clock is to be
/// trusted.
///
/// Everybody reads it; its verbs are for whoever takes the turn, the clock and people's words.
final class Life: Room {
    /// A step of the clock forward beyond this is down time.
    static let downMillisecondsMin: Int64 = 60_000
    private static let touchMilliseconds: Int64 = 60_000
    /// Between the arrival of an answer and the turn that takes it.
    private static let answerAgeMax: Int64 = 60_000

    private struct State {
        var id: Int64 = 0
        var bornAtMonotonic: Int64 = 0
        var downUntil: Instant?
        var last: Now?
        var lastTouch: Instant?
        var isStopping = false
        var damage: String?
        var isDraining = false
        var clockAgreedAt: Instant?
        /// What the clock showed before this life isn't known either.
        var mayHaveBeenAhead = true
    }

    private let book: TurnBook
    private let pid: Int32
    private let version: String
    /// Nil: one host has the ledger for itself.
    let membership: Membership?
    private var state = State()

    init(book: TurnBook, pid: Int32, version: String, membership: Membership?) {
        self.book = book
        self.pid = pid
        self.version = version
        self.membership = membership
    }

    func keep() -> () -> Void {
        let kept = state
        return { [self] in state = kept }
    }

    // MARK: What everybody reads

    /// No new starts and no new requests: the daemon is being stopped.
    var isStopping: Bool { state.isStopping }
    /// The file is damaged there: the daemon ends, and says so.
    var damage: String? { state.damage }
    /// A person wants no new starts.
    var isDraining: Bool { state.isDraining }
    /// The last down time ended then: somebody else may have started what was due before it.
    var downUntil: Instant? { state.downUntil }
    /// When a server's clock last agreed with ours.
    var clockAgreedAt: Instant? { state.clockAgreedAt }
    var ageMilliseconds: Int64 { book.time.monotonicMilliseconds - state.bornAtMonotonic }

    /// The daemon when a slot stopped being on time: up or down.
    func uptime(dueAt: Instant, startWithinMilliseconds: Int64) throws -> Uptime {
        let now = book.now
        let judgedAt = dueAt.adding(milliseconds: startWithinMilliseconds)
        // A slot found beside a newer one can be too late before that instant has come.
        let instant = judgedAt <= now ? judgedAt : dueAt
        // We are up now, also if the last turn that said so is a minute old.
        let touched = state.lastTouch ?? now.adding(milliseconds: -Self.touchMilliseconds)
        let isOfThisLife = state.id != 0 && instant >= touched && instant <= now
        return try isOfThisLife || book.ledger.wasUp(at: instant) ? .up : .down(at: instant)
    }

    // MARK: Its course

    /// The daemon has started.
    func begin() throws {
        try beginRow()
        state.bornAtMonotonic = book.time.monotonicMilliseconds
        state.downUntil = book.now
        state.lastTouch = book.now
        state.isDraining = try book.daemon().drainingSince != nil
    }

    private func beginRow() throws {
        state.id = try book.ledger.beginLife(
            pid: pid, version: version, node: membership?.node ?? "", now: book.now)
    }

    /// A turn ends: the life's last one tells missed from expired; once a minute is exact enough.
    func endTurn(mustWrite: Bool = false) throws {
        let isTold =
            !mustWrite
            && state.lastTouch.map { book.now.since($0) < Self.touchMilliseconds } ?? false
        if state.id != 0, !isTold {
            try book.ledger.touchLife(state.id, now: book.now)
            state.lastTouch = book.now
        }
        state.last = book.time
    }

    /// No request goes out any more; damage: of the file, which ends the life.
    func stop(damage: String? = nil) {
        state.isStopping = true
        state.damage = damage ?? state.damage
    }

    func end(at instant: Instant) throws {
        guard state.id != 0 else { return }
        try book.ledger.touchLife(state.id, now: instant)
        try book.ledger.endLife(state.id, state.damage == nil ? .clean : .damaged)
    }

    func drain() throws {
        state.isDraining = true
        var daemon = try book.daemon()
        daemon.drainingSince = daemon.drainingSince ?? book.now
        book.save(daemon)
    }

    func endDraining() throws {
        state.isDraining = false
        var daemon = try book.daemon()
        daemon.drainingSince = nil
        book.save(daemon)
    }

    // MARK: Its clock (rule 12)

    /// How far the wall clock has been set since the last turn.
    var stepMilliseconds: Int64 {
        guard let last = state.last else { return 0 }
        let elapsed = book.time.monotonicMilliseconds - last.monotonicMilliseconds
        return book.now.since(last.wall.adding(milliseconds: elapsed))
    }

    /// What is told in wall time moves with the clock; a step forward may be down time.
    func clockWasSet(by milliseconds: Int64) throws {
        state.lastTouch = nil
        state.downUntil = state.downUntil?.adding(milliseconds: milliseconds)
        guard milliseconds >= Self.downMillisecondsMin, state.id != 0, let last = state.last else {
            return
        }
        try book.ledger.touchLife(state.id, now: last.wall)
        try book.ledger.endLife(state.id, .clockStep)
        try beginRow()
        state.lastTouch = book.now
        // A machine that was put back to an earlier state shows itself by such a step only.
        state.downUntil = book.now
    }

    /// The clock was set back: until an answer bears it out, nobody knows which reading was wrong.
    func doubtClock() { state.mayHaveBeenAhead = true }

    /// A server's clock agreed with ours at that instant.
    ///
    /// - Returns: true for the first that tells of the present reading after a start or a step back.
    func clockAgrees(at instant: Instant) -> Bool {
        state.clockAgreedAt = instant
        guard state.mayHaveBeenAhead, (0...Self.answerAgeMax).contains(book.now.since(instant))
        else { return false }
        state.mayHaveBeenAhead = false
        return true
    }
}

/// The daemon at an instant.
package enum Uptime: Sendable, Equatable {
    case up
    case down(at: Instant)
}
