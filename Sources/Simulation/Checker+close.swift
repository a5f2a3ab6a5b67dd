import Engine
import Store
import Timetable

/// What a month-end hangs on, once all is healed: what made a slot, who belongs together, deadlines,
/// and the days that are told ahead.
extension Checker {
    private static let judgedWithinMilliseconds: Int64 = 300_000

    /// Checks them; all faults are over since then, by our wall clock.
    ///
    /// - Throws: `StoreError` when the file can't be read.
    mutating func checkClose(_ simulator: Simulator, healedAt: Instant) throws {
        var found: [String] = []
        try simulator.inspect { ledger in
            if !simulator.wasClockSet {
                for row in try ledger.schedules() { found += try misnamed(row, simulator, ledger) }
            }
            found += try brokenRounds(simulator, ledger)
            for kind in DeadlineKind.allCases {
                found += try ledger.deadlinesDue(kind, now: healedAt, limit: 3).map {
                    "rule 18: \(kind.rawValue) of slot \($0.slotID), \($0.at.iso8601), is not judged"
                }
            }
            found += try untoldJobs(simulator, ledger)
            found += try untoldDays(simulator, ledger)
        }
        note(found)
    }

    /// Slots whose row names another rule or window than those that made them.
    private func misnamed(
        _ row: ScheduleRow, _ simulator: Simulator, _ ledger: Ledger
    ) throws -> [String] {
        var found: [String] = []
        let revisions = try ledger.scheduleRevisions(row.schedule)
        for (index, revision) in revisions.enumerated() {
            let end = index + 1 < revisions.count ? revisions[index + 1].effectiveAt : row.cursorAt
            guard revision.state == .active,
                let rule = simulator.rule(revision.rule, of: row.schedule)
            else { continue }
            let knowsWindows = !simulator.schedulesWithEditedWindows.contains(row.schedule)
            for slot in try ledger.ruleMarks(
                schedule: row.schedule, after: revision.effectiveAt, through: end)
            {
                let before = slot.slotAt.adding(milliseconds: -1)
                guard let made = rule.next(after: before), made.at == slot.slotAt else { continue }
                let name = "slot \(slot.slotAt.iso8601) of \(row.schedule)"
                let words = made.rules.joined(separator: "; ")
                if slot.rule != words {
                    found.append("the \(name) says rule \"\(slot.rule)\", made by \"\(words)\"")
                }
                if knowsWindows, slot.window != made.window.window ?? "" {
                    found.append(
                        "the \(name) says window \"\(slot.window)\", and fell into "
                            + "\"\(made.window.window ?? "")\"")
                }
                let isSure = knowsWindows || made.window.window == nil
                if isSure, case .skipped = made.decision, slot.disposition == .started {
                    found.append("the \(name) was started on a day off, or in a window")
                }
            }
        }
        return found
    }

    /// Rule 11: slots that were set off by ends of different periods.
    private func brokenRounds(_ simulator: Simulator, _ ledger: Ledger) throws -> [String] {
        try ledger.rounds().compactMap { round in
            guard
                let schedule = simulator.configuration.schedules.first(where: {
                    $0.name == round.schedule
                }), case .after(let rule) = schedule.trigger
            else { return nil }
            let periods = Set(
                round.slotAts.map { rule.period(of: $0, in: schedule.zone) ?? "by order" })
            guard periods.count > 1 else { return nil }
            return "rule 11: slot \(round.slotID) of \(round.schedule) was set off by ends of "
                + periods.sorted().joined(separator: " and ")
        }
    }

    /// Rule 23: open runs with a job whose day is over, that nothing tells of.
    private func untoldJobs(_ simulator: Simulator, _ ledger: Ledger) throws -> [String] {
        guard simulator.isUp, simulator.storeTrouble == nil else { return [] }
        let then = simulator.wall.adding(milliseconds: -Self.judgedWithinMilliseconds)
        let latest = CivilDate(ofUTC: then.adding(milliseconds: 14 * 3_600_000))
        return try ledger.runsWithJobsDue(before: latest.iso8601).compactMap { run in
            guard let job = run.jobDue else { return nil }
            let zone = simulator.configuration.schedules.first { $0.name == run.schedule }?.zone
            let today = (zone ?? .utc).local(at: then).date
            guard job.day.prefix(10) < today.iso8601 else { return nil }
            return "rule 23: a job of run \(run.runID) was due on \(job.day), and nothing says so"
        }
    }

    /// Rules 17 and 22: what ends soon is in `attention`, and nothing else is.
    private func untoldDays(_ simulator: Simulator, _ ledger: Ledger) throws -> [String] {
        guard simulator.isUp, simulator.storeTrouble == nil else { return [] }
        let today = CivilDate(ofUTC: simulator.wall)
        var found: [String] = []
        func compare(_ kind: AlarmKind, _ names: some Sequence<String>) throws {
            let told = Set(try ledger.alarms(kind))
            for name in told.symmetricDifference(names).sorted() {
                found.append(
                    "\(kind.rawValue): \(name) is \(told.contains(name) ? "" : "not ")in attention")
            }
        }
        let calendars = simulator.configuration.calendars
        try compare(
            .calendarEnds, calendars.filter { $0.value.endWarning(on: today) != nil }.keys)
        for expiry in Expiry.allCases {
            let names = simulator.configuration.connections.filter { _, connection in
                expiry.lastDay(of: connection).map {
                    Expiry.stage(of: $0, today: today) != nil
                } ?? false
            }
            try compare(expiry.kind, names.keys)
        }
        return found
    }
}
