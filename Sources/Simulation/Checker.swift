import Engine
package import Sandbox
import Store
package import Timetable

/// Compares the ledger with what really happened (docs/protocol.md#invariants).
package struct Checker {
    /// What was found wrong; empty: every invariant holds.
    package private(set) var violations: [String] = []
    private static let toldWithinMilliseconds: Int64 = 60_000
    /// A backoff draws from a second on, and a token that is refused is one more at once.
    private static let startsPerMinuteMax = 12
    /// Whether the API kept its windows: then no slot may ever have two runs.
    private let regime: FaultRule.Regime

    package init(regime: FaultRule.Regime = .keepsWindows) { self.regime = regime }

    /// Checks the invariants of a simulation.
    ///
    /// - Parameters:
    ///   - simulator: daemon up or down.
    ///   - healedAt: faults are over since then by our wall clock, and time has passed: every slot
    ///     due by then must have ended or be held.
    /// - Throws: `StoreError` when the file can't be read.
    package mutating func check(_ simulator: Simulator, healedAt: Instant? = nil) throws {
        try simulator.inspect { ledger in
            if try !ledger.isSound() { violations.append("integrity_check is not ok") }
            violations += try ledger.sumDifferences()
            try checkRuns(simulator, ledger)
            try checkLooks(simulator, ledger)
            for row in try ledger.schedules() { try checkSlots(of: row, simulator, ledger) }
            violations += try startsTooMany(simulator, ledger)
            violations += try untrueDone(simulator, ledger)
            violations += try ledger.slotsMadeUpTwice().map {
                "rule 20: slot \($0) was made up for twice"
            }
            if let healedAt { try checkEnded(simulator, ledger, healedAt: healedAt) }
            if simulator.sandbox.hasEchoed {
                for place in try ledger.places(mentioning: simulator.sandbox.secrets) {
                    violations.append("rule 16: a secret is in \(place)")
                }
            }
        }
        if !simulator.earlyRequests.isEmpty {
            violations.append(
                "I4: requests before a hint had passed: "
                    + simulator.earlyRequests.joined(separator: ", "))
        }
        violations += try windowViolations(simulator)
        checkRate(simulator)
        checkFloods(simulator)
        for line in simulator.errorLines { violations.append("error line: \(line)") }
    }

    /// Adds what a part of the checks has found.
    mutating func note(_ found: [String]) { violations += found }

    // MARK: I1 and I6

    /// At most one run per slot, and the ledger knows which.
    private mutating func checkRuns(_ simulator: Simulator, _ ledger: Ledger) throws {
        // I2 holds since the prune horizon.
        let horizon = try ledger.daemon().prunedBefore
        let firstStarts = firstStarts(simulator)
        var slotsByRequest: [Int: Int64] = [:]
        for start in simulator.starts { slotsByRequest[start.requestNumber] = start.slotID }
        var runsBySlot: [Int64: [SandboxRun]] = [:]
        for run in simulator.sandbox.runs where run.createdAt <= simulator.time {
            guard let number = run.requestNumber, let slotID = slotsByRequest[number] else {
                continue
            }
            runsBySlot[slotID, default: []].append(run)
        }
        let duplicates = Set(try ledger.alarms(.possibleDuplicate))
        for slotID in runsBySlot.keys.sorted() {
            guard let runs = runsBySlot[slotID], let slot = try ledger.slot(slotID) else {
                if let horizon, let first = firstStarts[slotID], first < horizon { continue }
                violations.append("I2: slot \(slotID) was sent and has no row")
                continue
            }
            if simulator.restartedByPerson.contains(slotID) { continue }
            let strangers = try runs.filter { run in
                try ledger.run(baseURL: slot.baseURL, runID: run.id)?.slotID != slotID
            }
            if regime == .keepsWindows, runs.count > 1 {
                violations.append(
                    "I1: slot \(slotID) (\(slot.schedule)) has \(runs.count) runs: "
                        + runs.map(\.id).joined(separator: ", "))
            }
            guard slot.disposition.isFinal else { continue }
            for run in strangers
            where try !isExcused(run, slot, duplicates, simulator, ledger) {
                violations.append(
                    "I1: slot \(slotID) of \(slot.schedule) is \(slot.disposition.rawValue) "
                        + "(\(slot.reason)), but run \(run.id) was created for it")
            }
        }
        if regime == .keepsWindows {
            violations += try worksDoneTwice(runsBySlot, simulator, ledger)
        }
        try checkAdoptions(simulator, ledger)
        try checkClockHolds(simulator, ledger)
        for runID in simulator.acknowledgedRuns.sorted()
        where try !ledger.knowsRun(runID) && !ledger.isMentioned(runID)
            && !(horizon.map { simulator.sandbox.run(runID)?.createdAt ?? $0 < $0 } ?? false)
        {
            violations.append("I6: run \(runID) was acknowledged and is not in the ledger")
        }
        for slotID in try ledger.slotsAtOddsWithRuns() {
            violations.append("slot \(slotID), its attempts and its run do not agree")
        }
    }

    private func firstStarts(_ simulator: Simulator) -> [Int64: Instant] {
        Dictionary(simulator.starts.map { ($0.slotID, $0.at) }, uniquingKeysWith: min)
    }

    /// Nothing adopts a run that was there before its first attempt.
    private mutating func checkAdoptions(_ simulator: Simulator, _ ledger: Ledger) throws {
        let firstStarts = firstStarts(simulator)
        for (slotID, runID) in try ledger.adoptedRuns() {
            // A Date has whole seconds, so our clock and the server's are compared no better.
            guard let began = firstStarts[slotID], let run = simulator.sandbox.run(runID),
                run.createdAt < began.adding(milliseconds: -1_000)
            else { continue }
            violations.append("rule 6: slot \(slotID) adopted the older run \(runID)")
        }
    }

    /// No slot is held for the clock with which its own run was written.
    private mutating func checkClockHolds(_ simulator: Simulator, _ ledger: Ledger) throws {
        guard !simulator.wasClockSet else { return }
        for slot in try ledger.unended(.held) {
            // Where the API breaks its windows it may be that of an attempt before, which was rightly taken
            // for absent.
            let numbers = simulator.starts.filter { $0.slotID == slot.slotID }.map(\.requestNumber)
            let last = regime == .breaksWindows ? numbers.suffix(1) : numbers[...]
            let own = simulator.sandbox.runs.first { run in
                guard run.requestNumber.map(last.contains) ?? false else { return false }
                let loss = Loss.misfit(runID: run.id, .earlier)
                return slot.reason == HoldReason.lost(attempt: slot.attempts, loss).words
            }
            guard let own else { continue }
            violations.append(
                "rule 6: slot \(slot.slotID) is held (\(slot.reason)), but run \(own.id) was "
                    + "created for it")
        }
    }

    /// Where the API breaks its windows, a run too many must have been reported as soon as a list
    /// showed it, or be named to a person as what another slot is held for; one that no list ever
    /// showed can't be known.
    private func isExcused(
        _ run: SandboxRun, _ slot: SlotRow, _ duplicates: Set<String>, _ simulator: Simulator,
        _ ledger: Ledger
    ) throws -> Bool {
        if try isHiddenByAStranger(run, slot, duplicates, simulator, ledger) { return true }
        guard regime == .breaksWindows else { return false }
        // What was settled under another reading of the clock is compared with it no more.
        if simulator.wasClockSet { return true }
        if !simulator.listedRuns.contains(run.id) { return true }
        let subject = AlarmKind.duplicateSubject(run: run.id, of: slot.processID)
        if try duplicates.contains(subject) || ledger.wasReported(run.id) {
            return true
        }
        if try ledger.run(baseURL: slot.baseURL, runID: run.id)?.slotID != nil { return true }
        return try ledger.isContested(
            runID: run.id, baseURL: slot.baseURL, processID: slot.processID, slotID: slot.slotID)
    }

    /// Until an answer to a start has told who we are, nothing tells a run that somebody starts in the
    /// seconds of a lost one from ours, which no list shows any more then; the answer tells of it (rule 7).
    private func isHiddenByAStranger(
        _ run: SandboxRun, _ slot: SlotRow, _ duplicates: Set<String>, _ simulator: Simulator,
        _ ledger: Ledger
    ) throws -> Bool {
        guard slot.disposition == .started,
            let adopted = try slot.runKey.flatMap({ try ledger.run($0) })
        else { return false }
        let isKnown = simulator.sandbox.runs.contains { other in
            other.user == run.user && simulator.acknowledgedRuns.contains(other.id)
        }
        return !isKnown && !simulator.listedRuns.contains(run.id)
            || duplicates.contains(
                AlarmKind.duplicateSubject(run: adopted.runID, of: slot.processID))
    }

    // MARK: Rules 1 and 8, I3

    private mutating func checkLooks(_ simulator: Simulator, _ ledger: Ledger) throws {
        // A step moves attempts in doubt, but not the looks they went out on.
        guard !simulator.wasClockSet else { return }
        let age = Limits().lookAgeMaxMilliseconds
        for attempt in try ledger.attemptsOnOldLooks(maxAgeMilliseconds: age) {
            violations.append("rule 1: attempt \(attempt) went out on an old look")
        }
        for attempt in try ledger.attemptsWithoutLook(
            withinMilliseconds: 120_000)
        {
            violations.append("rule 1: attempt \(attempt) went out without a look, too early")
        }
        for attempt in try ledger.attemptsBeforeDue() {
            violations.append("attempt \(attempt) began before its slot was due")
        }
        for slotID in try ledger.slotsSentBeforeTheirRule() {
            violations.append("I3: slot \(slotID) is older than its rule and was sent")
        }
    }

    // MARK: I2

    /// The slots of a schedule are the enumeration of its rules, each exactly once.
    private mutating func checkSlots(
        of row: ScheduleRow, _ simulator: Simulator, _ ledger: Ledger
    ) throws {
        var revisions = try ledger.scheduleRevisions(row.schedule)
        let allRules = revisions.compactMap { simulator.rule($0.rule, of: row.schedule) }
        let horizon = try ledger.daemon().prunedBefore
        if simulator.wasClockSet {
            // Instants of revisions do not move with the clock; the last one still says it all.
            guard row.state == .active, row.effectiveAt <= row.cursorAt else { return }
            revisions = [(row.effectiveAt, row.state, row.rule)]
        }
        for (index, revision) in revisions.enumerated() {
            let end =
                index + 1 < revisions.count ? revisions[index + 1].effectiveAt : row.cursorAt
            var expected: [Int64] = []
            if revision.state == .active,
                let rule = simulator.rule(revision.rule, of: row.schedule)
            {
                var instant = revision.effectiveAt
                while let next = rule.next(after: instant), next.at <= end {
                    expected.append(next.at.milliseconds)
                    instant = next.at
                }
            }
            guard revision.effectiveAt < end else { continue }
            var found = try ledger.ruleSlots(
                schedule: row.schedule, after: revision.effectiveAt, through: end)
            if let horizon {
                expected.removeAll { $0 < horizon.milliseconds }
                found.removeAll { $0 < horizon.milliseconds }
            }
            if simulator.wasClockSet {
                // An edit after a step back: slots of the rule before it that had come already stay.
                found.removeAll { at in
                    !expected.contains(at)
                        && allRules.contains { rule in
                            let before = Instant(milliseconds: at - 1)
                            return rule.next(after: before)?.at.milliseconds == at
                        }
                }
            }
            if found != expected {
                let odd = Set(found).symmetricDifference(expected).sorted().prefix(3)
                    .map { Instant(milliseconds: $0).iso8601 }
                violations.append(
                    "I2: \(row.schedule) has \(found.count) slots from "
                        + "\(revision.effectiveAt.iso8601) to \(end.iso8601), its rule has "
                        + "\(expected.count): \(odd.joined(separator: ", "))")
            }
        }
        guard row.state == .active, let next = row.nextSlotAt else { return }
        if next <= row.cursorAt {
            violations.append("I5: the next slot of \(row.schedule) is behind its cursor")
        }
    }

    // MARK: I5 and the rate

    /// Whatever waits past its `start_within` says so, a minute later at the latest.
    ///
    /// - Throws: `StoreError` when the file can't be read.
    mutating func checkWaits(_ simulator: Simulator) throws {
        // While nothing can be written `status` and `/healthz` say it for all.
        guard simulator.isUp, !simulator.wasClockSet, simulator.storeTrouble == nil,
            simulator.time.since(simulator.bootedAt) > Self.toldWithinMilliseconds
        else { return }
        try simulator.inspect { ledger in
            for schedule in simulator.configuration.schedules {
                let since = simulator.wall.adding(
                    milliseconds: -schedule.startWithinMilliseconds
                        - Self.toldWithinMilliseconds)
                for slotID in try ledger.slotsWaitingUntold(
                    schedule: schedule.name, since: since)
                {
                    violations.append(
                        "I5: slot \(slotID) waits too long at \(simulator.wall.iso8601), and "
                            + "nothing says so")
                }
            }
        }
    }

    /// Nothing is sent again and again without a pause, whatever answers: no slot, no other call.
    private mutating func checkFloods(_ simulator: Simulator) {
        var last: [Int64: [Instant]] = [:]
        for start in simulator.starts {
            var times = last[start.slotID, default: []].filter {
                start.at.since($0) < 60_000
            }
            times.append(start.at)
            last[start.slotID] = times
            if times.count > Self.startsPerMinuteMax {
                violations.append(
                    "slot \(start.slotID) was sent \(times.count) times within a minute, at "
                        + start.at.iso8601)
                return
            }
        }
        violations += simulator.repeatedCalls.floods.map { "flood: \($0)" }
    }

    /// Liveness: with everything healed, nothing is stuck.
    private mutating func checkEnded(
        _ simulator: Simulator, _ ledger: Ledger, healedAt: Instant
    ) throws {
        for slot in try ledger.unended(dueBefore: healedAt) {
            // Another slot of its process is a person's to decide first.
            let held = try ledger.heldCandidate(baseURL: slot.baseURL, processID: slot.processID)
            if slot.disposition == .pending, held != nil { continue }
            // Or of its schedule: it may have started the last one of `max_runs`.
            if slot.disposition == .pending,
                simulator.configuration.schedules.first(where: { $0.name == slot.schedule })?
                    .maxRuns != nil, try !ledger.openSlots(schedule: slot.schedule, .held).isEmpty
            {
                continue
            }
            if try isKeptWaiting(slot, simulator, ledger) { continue }
            violations.append(
                "I5: slot \(slot.slotID) of \(slot.schedule), due at \(slot.dueAt.iso8601), is "
                    + "still \(slot.disposition.rawValue): \(slot.reason)")
        }
    }

    /// Queued behind a process that another schedule, which lets runs overlap, keeps busy for ever, or
    /// a make-up on one whose own slots are always due (rule 20): what was configured, as long as the
    /// run is truly open and the wait is told.
    private func isKeptWaiting(
        _ slot: SlotRow, _ simulator: Simulator, _ ledger: Ledger
    ) throws -> Bool {
        guard slot.disposition == .pending, slot.overdueSince != nil, let runID = slot.blockedBy,
            let blocker = try ledger.run(baseURL: slot.baseURL, runID: runID),
            slot.makesUpSlotID != nil
                || blocker.schedule.map({ $0 != slot.schedule && mayOverlap($0, simulator) })
                    ?? false,
            let run = simulator.sandbox.run(runID), run.createdAt > slot.dueAt
        else { return false }
        // Its end is known when it was read next.
        return run.completed(at: simulator.time.adding(milliseconds: -600_000)) == nil
    }

    private func mayOverlap(_ schedule: String, _ simulator: Simulator) -> Bool {
        simulator.configuration.schedules.first { $0.name == schedule }?.overlap == .allow
    }

    /// No window of the configured length holds more requests than configured.
    private mutating func checkRate(_ simulator: Simulator) {
        for name in simulator.requestTimes.keys.sorted() {
            guard let connection = simulator.configuration.connections[name],
                let times = simulator.requestTimes[name]
            else { continue }
            var first = 0
            for (index, time) in times.enumerated() {
                while times[first] <= time - connection.rate.perMilliseconds { first += 1 }
                if index - first + 1 > connection.rate.requests {
                    violations.append("rate: more than \(connection.rate.requests) at \(time)")
                    return
                }
            }
        }
    }
}
