import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Several rules in one schedule: one slot where they meet, and none lost, repeated or made up by an edit.
@Suite struct SeveralRulesTests {
    static func schedule(_ minutes: [Int64], edit: (inout Schedule) -> Void = { _ in }) -> Schedule
    {
        Fixture.schedule {
            $0.ruleText = minutes.map { "every \($0)" }.joined(separator: "; ")
            $0.ruleSource = $0.ruleText
            if let rule = Fixture.recompile($0.ruleText) { $0.trigger = .rule(rule) }
            $0.overlap = .allow
            edit(&$0)
        }
    }

    private func rules(_ fixture: Fixture) throws -> [String] {
        try fixture.ask("SELECT coalesce(rule, '-') FROM history ORDER BY slot_at")
    }

    @Test func whereTheyMeetOneRunStartsAndTheSlotNamesBoth() throws {
        let fixture = try Fixture([Self.schedule([20, 30])])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 61)
        #expect(try fixture.told() == "20 started, 30 started, 40 started, 60 started")
        #expect(fixture.simulator.starts.count == 4)
        #expect(
            try rules(fixture) == ["every 20m", "every 30m", "every 20m", "every 20m; every 30m"])
        let next = try fixture.ask("SELECT note FROM upcoming ORDER BY slot_at LIMIT 1")
        #expect(next == ["by rule \"every 20m\""])
        try fixture.check()
    }

    /// A reload at 05:50 makes up for nothing of the rule it adds, and the slots of the old one go on.
    @Test(arguments: [false, true])
    func anAddedRuleHasNoPast(isDown: Bool) throws {
        let fixture = try Fixture([Fixture.schedule(every: 60) { $0.overlap = .allow }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 50)
        if isDown { fixture.simulator.kill() }
        fixture.simulator.reload(
            Fixture.configuration([Self.schedule([60, 20])], hash: "2"))
        if isDown { try fixture.simulator.boot() }
        try fixture.run(untilMinute: 81)
        #expect(try fixture.told() == "60 started, 80 started")
        try fixture.check()
        // Taken away again, and the order of the rest changed: nothing is repeated.
        fixture.simulator.reload(
            Fixture.configuration([Fixture.schedule(every: 60) { $0.overlap = .allow }], hash: "3"))
        try fixture.run(untilMinute: 121)
        #expect(try fixture.told() == "60 started, 80 started, 120 started")
        #expect(try rules(fixture) == ["every 60m; every 20m", "every 20m", "-"])
        try fixture.check()
    }

    @Test(arguments: [
        (MissedPolicy.latest, "20 coalesced, 30 coalesced, 40 coalesced, 60 started"),
        (.all, "20 started, 30 started, 40 started, 60 started"),
        (.skip, "20 missed, 30 missed, 40 missed, 60 started"),
    ])
    func downTimeIsCaughtUpOverAllRules(missed: MissedPolicy, told: String) throws {
        let fixture = try Fixture([Self.schedule([20, 30]) { $0.missed = missed }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 10)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 61)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 75)
        #expect(try fixture.told() == told)
        try fixture.check()
    }

    /// Dies at one transaction after another, then comes an edit: no slot twice, none lost.
    @Test func aDeathAnywhereStartsTheCommonSlotOnce() throws {
        for dieAt in stride(from: 1, to: 60, by: 7) {
            let fixture = try Fixture([Self.schedule([20, 30])])
            fixture.simulator.plan.dieAt = dieAt
            try fixture.simulator.boot()
            try fixture.run(untilMinute: 62)
            fixture.simulator.plan.dieAt = nil
            if !fixture.simulator.isUp { try fixture.simulator.boot() }
            fixture.simulator.reload(Fixture.configuration([Self.schedule([20, 15])], hash: "2"))
            try fixture.run(untilMinute: 200)
            try fixture.check()
            let slots = try fixture.slots().map(\.slotAt)
            #expect(Set(slots).count == slots.count)
        }
    }

    @Test func aSharedSpreadKeepsTheOrderOfSlots() throws {
        let schedule = Self.schedule([20, 21]) { $0.spreadMilliseconds = 15 * 60_000 }
        var at = Fixture.start
        var last = at
        for _ in 0..<200 {
            guard let next = schedule.nextOccurrence(after: at) else { break }
            let due = schedule.dueAt(of: next.at)
            #expect(due >= next.at && due > last)
            (at, last) = (next.at, due)
        }
        let fixture = try Fixture([schedule])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 200)
        try fixture.check()
    }

    @Test func anActiveTimeBoundsAllRules() throws {
        let fixture = try Fixture([
            Self.schedule([20, 30]) {
                $0.active.from = Instant(seconds: 1_795_496_400 + 30 * 60)
                $0.active.until = Instant(seconds: 1_795_496_400 + 40 * 60)
            }
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 65)
        #expect(try fixture.told() == "30 started, 40 started")
    }
}
