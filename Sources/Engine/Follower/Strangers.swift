import ProcessesAPI
import Store
import Timetable

/// Runs of our own user that no slot explains: somebody else starts with our grant.
final class Strangers: Room, Grounded {
    /// A list so long after a start shows what somebody else has started beside it.
    private static let lookAfterStartMilliseconds: Int64 = 60_000
    private static let strangerMillisecondsMax: Int64 = 24 * 3_600_000

    private struct State {
        /// When lists are due that starts have asked for, on the monotonic clock: the next and the
        /// last.
        var looksAfterStart: [String: (next: Int64, last: Int64)] = [:]
        /// When a run of our own user that no slot explains was last seen, on the monotonic clock;
        /// nil: what earlier lives have told isn't read yet.
        var seen: [String: Int64]?
    }

    let ground: Ground
    private let lister: Lister
    private var state = State()

    init(_ ground: Ground, lister: Lister) {
        self.ground = ground
        self.lister = lister
    }

    func keep() -> () -> Void {
        let kept = state
        return { [self] in state = kept }
    }

    /// No list is to come for the sake of a start.
    var isAtRest: Bool { state.looksAfterStart.isEmpty }

    /// Wants a list about a minute from now, however slowly the runs themselves are followed.
    func wantLook(afterStartOn connection: String) {
        let due = book.time.monotonicMilliseconds + Self.lookAfterStartMilliseconds
        // One that is due sooner comes too soon for this start: it is followed by another.
        if state.looksAfterStart[connection] == nil {
            state.looksAfterStart[connection] = (due, due)
        }
        state.looksAfterStart[connection]?.last = due
    }

    func lookAfterStarts() throws {
        let monotonic = book.time.monotonicMilliseconds
        for name in state.looksAfterStart.keys.sorted() {
            guard let look = state.looksAfterStart[name] else { continue }
            guard look.next <= monotonic else {
                book.wake(at: now.adding(milliseconds: look.next - monotonic))
                continue
            }
            lister.want(look: name, .other)
            state.looksAfterStart[name] =
                look.last > look.next
                ? (min(look.last, monotonic + Self.lookAfterStartMilliseconds), look.last) : nil
        }
        // One of an earlier life stands a day from now at most.
        let known =
            try state.seen
            ?? Dictionary(
                uniqueKeysWithValues: ledger.alarms(.anotherCarillon).map { ($0, monotonic) })
        state.seen = known
        for (name, seen) in known.sorted(by: { $0.key < $1.key })
        where monotonic - seen >= Self.strangerMillisecondsMax {
            state.seen?[name] = nil
            try ledger.clear(kind: .anotherCarillon, subject: name)
        }
    }

    /// A run that a list shows for the first time: of our own user, begun in this life, and none that
    /// an attempt in doubt may have created.
    func note(_ look: Look, _ connection: Connection) throws {
        guard let runID = look.runID, let created = look.runCreatedAt,
            let row = try book.connection(connection.name), let ours = row.userID,
            look.runUserID == ours,
            try ledger.attemptInDoubt(baseURL: look.baseURL, processID: look.processID) == nil
        else { return }
        let clock = ClockOffset(row, at: now) ?? .unknown
        let lived = life.ageMilliseconds
        guard clock.earliest(created) > now.adding(milliseconds: -lived) else { return }
        // An attempt that was taken for absent, or a held one, may have created it after all.
        let mayBeOurs = try ledger.attempts(
            baseURL: look.baseURL, processID: look.processID,
            exposedFrom: clock.earliest(created), through: clock.latest(created),
            graceMilliseconds: 3_600_000
        ).contains { $0.state != .started && $0.state != .adopted }
        guard !mayBeOurs else { return }
        state.seen?[connection.name] = book.time.monotonicMilliseconds
        let isNew = try ledger.raise(
            kind: .anotherCarillon, subject: connection.name,
            whatToDo: "run \(runID) of process \(look.processID) was started by our own user "
                + "\(ours), and no slot explains it: another Carillon, a script or a person starts "
                + "with this user; stop one of the two, or give each a grant of its own", now: now)
        if isNew {
            book.log(.warning, "\(connection.name): another starter with our user, run \(runID)")
        }
    }

    /// Tells a person of what lost answers were given while nobody knew our user: a run that turns out to
    /// be another's may hide ours (rules 6 and 7).
    ///
    /// - Parameters:
    ///   - attempt: the first whose answer says who we are.
    ///   - connection: its own.
    ///   - user: our own.
    /// - Throws: `StoreError` if the ledger can't be read or written.
    func reportAdoptions(
        before attempt: AttemptRow, on connection: String, _ user: String
    ) throws {
        let found = try ledger.foreignAdoptions(
            connection: connection, before: attempt.attemptID, userID: user)
        for adoption in found {
            guard let slot = try ledger.slot(adoption.slotID) else { continue }
            try ledger.raise(
                kind: .possibleDuplicate,
                subject: AlarmKind.duplicateSubject(
                    run: adoption.runID, of: adoption.processID),
                whatToDo: "run \(adoption.runID), which attempt \(adoption.number) of "
                    + "\(slot.name) was given after its answer was lost, is of user "
                    + "\(adoption.userID), and not of our own: that of the attempt may be another "
                    + "one; check in Workiva, and close what is too much", now: now)
            book.log(
                .warning,
                "\(slot.name) was given run \(adoption.runID), which another user has started")
        }
    }

    /// Tells a person of a run of our own user that no slot claims (rule 7).
    ///
    /// Created inside the exposure of an attempt that is settled, it may be that attempt's second
    /// run; such attempts leave no other trace. A user that is not known yet may be ours: until the
    /// first answer to a start tells who we are, every run is looked at.
    func reportDuplicate(_ look: Look, _ connection: Connection) throws {
        guard let runID = look.runID, let created = look.runCreatedAt,
            let row = try book.connection(connection.name),
            row.userID == nil || look.runUserID == row.userID,
            try ledger.run(baseURL: look.baseURL, runID: runID)?.slotID == nil,
            try ledger.attemptInDoubt(baseURL: look.baseURL, processID: look.processID) == nil
        else { return }
        // Also one that was perhaps created then: a person looks.
        let clock = ClockOffset(row, at: now) ?? .unknown
        let attempts = try ledger.attempts(
            baseURL: look.baseURL, processID: look.processID,
            exposedFrom: clock.earliest(created), through: clock.latest(created),
            graceMilliseconds: 3_600_000)
        guard let attempt = attempts.first(where: { $0.candidateRunID != runID }),
            let slot = try ledger.slot(attempt.slotID), slot.disposition != .held
        else { return }
        let isNew = try ledger.raise(
            kind: .possibleDuplicate,
            subject: AlarmKind.duplicateSubject(run: runID, of: look.processID),
            whatToDo:
                "run \(runID) of \(row.userID == nil ? "a user that may be ours" : "our own user") "
                + "belongs to no slot and was created while attempt "
                + "\(attempt.number) of \(slot.name) could still create "
                + "one; if it is a duplicate, close it in Workiva", now: now)
        guard isNew else { return }
        try ledger.insert(
            NewError(
                operation: "runProcess", message: "possible duplicate run \(runID)",
                nextStep: "a person decides, see: carillon attention", connection: connection.name,
                schedule: slot.schedule, slotID: slot.slotID, attempt: attempt.number), now: now)
    }
}
