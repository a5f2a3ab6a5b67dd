import ProcessesAPI
import Store
import Timetable

/// Runs of our own user that no slot explains: somebody else starts with our grant.
extension Clockwork {
    /// A list so long after a start shows what somebody else has started beside it.
    private static let lookAfterStartMilliseconds: Int64 = 60_000
    private static let strangerMillisecondsMax: Int64 = 24 * 3_600_000

    /// Wants a list about a minute from now, however slowly the runs themselves are followed.
    func wantLookAfterStart(_ connection: String) {
        let due = book.time.monotonicMilliseconds + Self.lookAfterStartMilliseconds
        // One that is due sooner comes too soon for this start: it is followed by another.
        if memory.looksAfterStart[connection] == nil {
            memory.looksAfterStart[connection] = (due, due)
        }
        memory.looksAfterStart[connection]?.last = due
    }

    func lookAfterStarts() throws {
        let monotonic = book.time.monotonicMilliseconds
        for name in memory.looksAfterStart.keys.sorted() {
            guard let look = memory.looksAfterStart[name] else { continue }
            guard look.next <= monotonic else {
                book.wake(at: now.adding(milliseconds: look.next - monotonic))
                continue
            }
            lister.want(look: name, .other)
            memory.looksAfterStart[name] =
                look.last > look.next
                ? (min(look.last, monotonic + Self.lookAfterStartMilliseconds), look.last) : nil
        }
        for (name, seen) in memory.strangersSeen.sorted(by: { $0.key < $1.key })
        where monotonic - seen >= Self.strangerMillisecondsMax {
            memory.strangersSeen[name] = nil
            try ledger.clear(kind: .anotherCarillon, subject: name)
        }
    }

    /// A run that a list shows for the first time: of our own user, begun in this life, and none that
    /// an attempt in doubt may have created.
    func noteStranger(_ look: Look, _ connection: Connection) throws {
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
        memory.strangersSeen[connection.name] = book.time.monotonicMilliseconds
        let isNew = try ledger.raise(
            kind: .anotherCarillon, subject: connection.name,
            whatToDo: "run \(runID) of process \(look.processID) was started by our own user "
                + "\(ours), and no slot explains it: another Carillon, a script or a person starts "
                + "with this user; stop one of the two, or give each a grant of its own", now: now)
        if isNew {
            book.log(.warning, "\(connection.name): another starter with our user, run \(runID)")
        }
    }

    /// A run that has an owner, or is over for good, is no possible duplicate any more.
    func explain(_ run: RunRow) throws {
        try ledger.clear(kind: .possibleDuplicate, subject: "\(run.processID) \(run.runID)")
    }
}
