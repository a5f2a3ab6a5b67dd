import Store
import Timetable

/// Pauses schedules that fail again and again (`pause_after`, rule 21).
final class Brakes: Room, Grounded {
    /// The actor of its pauses, for the ledger.
    static let actor = "pause_after"
    private static let againMilliseconds: Int64 = 60_000

    let ground: Ground
    private let upcoming: Upcoming
    /// Schedules of which something has ended; every life and every reload begins with all of them.
    private var ended: Set<String> = []
    /// The configuration with which the pauses in force were last told of; nil: not in this life.
    private var toldOfRevisionID: Int64?

    init(_ ground: Ground, upcoming: Upcoming) {
        self.ground = ground
        self.upcoming = upcoming
    }

    func keep() -> () -> Void {
        let kept = (ended, toldOfRevisionID)
        return { [self] in (ended, toldOfRevisionID) = kept }
    }

    var isIdle: Bool { ended.isEmpty }

    func note(ended name: String) {
        guard roster.schedule(name)?.pauseAfterFailures != nil else { return }
        // The start that follows must not go out before the failure has counted.
        if ended.insert(name).inserted { book.wakeSoon() }
    }

    func pauseTheFailing() throws {
        if roster.configuration != nil, toldOfRevisionID != roster.revisionID {
            let done = try book.step("tell of pauses after failures") { try tellAgain() }
            if done { toldOfRevisionID = roster.revisionID }
        }
        guard !ended.isEmpty else { return }
        let names = ended.sorted()
        ended = []
        for name in names {
            guard let max = roster.schedule(name)?.pauseAfterFailures else { continue }
            let done = try book.step("count the failures of \(name)", schedule: name) {
                try pause(name, after: max)
            }
            guard !done else { continue }
            ended.insert(name)
            book.wake(at: now.adding(milliseconds: Self.againMilliseconds))
        }
    }

    private func pause(_ name: String, after max: Int) throws {
        let isPaused = try ledger.pauses(schedule: name, covering: now).contains {
            !$0.isSkip && $0.schedule == name
        }
        guard !isPaused else { return }
        let work = try ledger.endedWork(
            schedule: name, since: try ledger.lastResumed(schedule: name), limit: max * 2 + 100)
        let failures = FailureRow.failures(work.map(FailureRow.judge))
        guard failures.count >= max, let last = failures.first else { return }
        let words = "\(failures.count) failures in a row, the last one: \(last)"
        try ledger.insertPause(
            schedule: name, isSkip: false, from: now, until: nil, reason: words,
            requestedBy: Self.actor, now: now)
        try ledger.audit(
            actor: Self.actor, action: "pause", subject: name, reason: words, now: now)
        try slots.endWaiting(of: name, .pausedWhileWaiting(by: Self.actor))
        try tell(name, words)
        upcoming.expire()
        book.log(.warning, "\(name) is paused: \(words)")
    }

    private func tell(_ name: String, _ words: String) throws {
        try ledger.raise(
            kind: .paused, subject: name,
            whatToDo: "paused after \(words); nothing starts until a person has seen to it and "
                + "resumed it", now: now)
    }

    /// A pause outlasts its schedule: one that was disabled or removed, and is back, is still paused, also
    /// if it has no `pause_after` any more.
    private func tellAgain() throws {
        for pause in try ledger.pausesInForce(by: Self.actor, at: now) {
            guard let name = pause.schedule, roster.schedule(name) != nil else { continue }
            try tell(name, pause.reason)
        }
    }
}
