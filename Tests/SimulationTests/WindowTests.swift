import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Windows: what falls into one is skipped, held back to its end, or started all the same.
@Suite struct WindowTests {
    /// A window of minutes after 05:00.
    static func window(
        _ effect: Window.Effect, _ from: Int64, _ until: Int64, name: String = "freeze"
    ) -> Window {
        func at(_ minute: Int64) -> Instant { Instant(seconds: 1_795_496_400 + minute * 60) }
        return Window(
            name: name, effect: effect, spans: [.init(from: at(from), until: at(until))])
    }

    static func schedule(
        _ windows: [Window], every minutes: Int64 = 15, edit: (inout Schedule) -> Void = { _ in }
    ) -> Schedule {
        Fixture.schedule(every: minutes) {
            $0.overlap = .allow
            $0.windows = windows
            // The windows are a part of what the ledger compares.
            for window in windows {
                $0.ruleSource += "@\(window.effect.rawValue) \(window.spans)"
            }
            if case .rule(var rule) = $0.trigger {
                rule.windows = windows
                $0.trigger = .rule(rule)
            }
            edit(&$0)
        }
    }

    @Test(arguments: [
        (Window.Effect.skip, "15 started, 30 skipped, 45 skipped, 60 started"),
        (.delay, "15 started, 30 coalesced, 45 started, 60 started"),
        (.run, "15 started, 30 started, 45 started, 60 started"),
    ])
    func whatFallsIntoOne(effect: Window.Effect, told: String) throws {
        let fixture = try Fixture([Self.schedule([Self.window(effect, 20, 50)])])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 49)
        #expect(fixture.simulator.starts.count == (effect == .run ? 3 : 1))
        try fixture.run(untilMinute: 51)
        if effect == .delay {
            #expect(try fixture.told() == "15 started, 30 coalesced, 45 started")
        }
        try fixture.run(untilMinute: 61)
        #expect(try fixture.told() == told)
        #expect(
            try fixture.ask("SELECT coalesce(window, '-') FROM history ORDER BY slot_at") == [
                "-", "freeze", "freeze", "-",
            ])
        try fixture.check()
    }

    @Test func aSlotAtTheVeryEndStandsForTheOneHeldBack() throws {
        let fixture = try Fixture([Self.schedule([Self.window(.delay, 20, 60)])])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 62)
        #expect(
            try fixture.told() == "15 started, 30 coalesced, 45 coalesced, 60 started")
        try fixture.check()
    }

    /// Whatever share of `spread` each of them has, one starts at the end.
    @Test(arguments: ["s", "t", "u", "v", "w"])
    func spreadMakesNoSecondStart(name: String) throws {
        let schedule = Self.schedule([Self.window(.delay, 20, 50)]) {
            $0.name = name
            $0.spreadMilliseconds = 14 * 60_000
        }
        let fixture = try Fixture([schedule])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 80)
        let held = try fixture.ask(
            "SELECT disposition FROM history WHERE window = 'freeze' ORDER BY slot_at")
        #expect(held == ["coalesced", "started"] || held == ["coalesced", "coalesced"])
        try fixture.check()
    }

    /// A slot that is late when a window begins is caught up: what is held back stands for it not yet.
    @Test func aLateSlotBeforeTheWindowIsNotLostToOneThatIsHeldBack() throws {
        let fixture = try Fixture([
            Self.schedule([Self.window(.delay, 20, 300)]) { $0.startWithinMilliseconds = 60_000 }
        ]) {
            var outage = FaultRule(.lostBefore, operation: "token")
            outage.window = 0..<(40 * 60_000)
            $0.faults = [outage]
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 59)
        #expect(try fixture.told() == "15 started, 30 coalesced, 45 pending")
        try fixture.check()
    }

    /// Down time over the end of the window: one start, whatever `missed` says of late slots.
    @Test(arguments: [MissedPolicy.latest, .all, .skip])
    func downTimeOverItsEnd(missed: MissedPolicy) throws {
        let fixture = try Fixture([
            Self.schedule([Self.window(.delay, 20, 55)]) { $0.missed = missed }
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 35)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 58)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 59, second: 30)
        #expect(try fixture.told() == "15 started, 30 coalesced, 45 started")
        try fixture.check()
    }

    @Test func aDeathAnywhereStartsTheOneHeldBackOnce() throws {
        for dieAt in stride(from: 1, to: 60, by: 9) {
            let fixture = try Fixture([Self.schedule([Self.window(.delay, 10, 50)])])
            fixture.simulator.plan.dieAt = dieAt
            try fixture.simulator.boot()
            try fixture.run(untilMinute: 52)
            fixture.simulator.plan.dieAt = nil
            if !fixture.simulator.isUp { try fixture.simulator.boot() }
            try fixture.run(untilMinute: 59)
            #expect(try fixture.told() == "15 coalesced, 30 coalesced, 45 started", "\(dieAt)")
            try fixture.check()
        }
    }

    /// A reload while a slot is held back, at 05:40; the slot was due at 05:30.
    @Test(
        arguments: [
            ("removed", "30 started, 45 started"), ("longer", "30 coalesced, 45 pending"),
            ("shorter", "30 started, 45 started"), ("skips", "30 skipped, 45 skipped"),
        ], [false, true])
    func aReloadInTheMiddle(edit: (kind: String, told: String), isDown: Bool) throws {
        let fixture = try Fixture([Self.schedule([Self.window(.delay, 20, 50)])])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 40)
        #expect(try fixture.told() == "15 started, 30 pending")
        if isDown { fixture.simulator.kill() }
        let windows: [String: [Window]] = [
            "removed": [], "longer": [Self.window(.delay, 20, 70)],
            "shorter": [Self.window(.delay, 20, 41)], "skips": [Self.window(.skip, 20, 50)],
        ]
        fixture.simulator.reload(
            Fixture.configuration([Self.schedule(windows[edit.kind] ?? [])], hash: "2"))
        if isDown { try fixture.simulator.boot() }
        try fixture.run(untilMinute: 47)
        #expect(try fixture.told() == "15 started, " + edit.told)
        try fixture.check()
    }

    @Test func anAddedOneSaysNothingOfThePast() throws {
        let fixture = try Fixture([Self.schedule([])])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 40)
        fixture.simulator.reload(
            Fixture.configuration([Self.schedule([Self.window(.skip, 0, 50)])], hash: "2"))
        try fixture.run(untilMinute: 61)
        #expect(try fixture.told() == "15 started, 30 started, 45 skipped, 60 started")
        try fixture.check()
    }

    @Test func withinOfAnAfterRuleCountsFromTheEnd() throws {
        let chain = Fixture.schedule("chain", process: "p2") {
            $0.trigger = .after(
                AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: 600_000))
            $0.ruleSource = "after s"
            $0.overlap = .allow
            $0.windows = [Self.window(.delay, 10, 55)]
        }
        let fixture = try Fixture(
            [Fixture.schedule(every: 15) { $0.overlap = .allow }, chain], runMinutes: 1...2)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 58)
        #expect(try fixture.slots("chain").last?.disposition == .started)
        try fixture.check()
    }

    @Test func peopleGoThroughItAndSlotsOfOthersDoNot() throws {
        let chain = Fixture.schedule("chain", process: "p2") {
            $0.trigger = .after(AfterRule(upstreams: ["s"], on: .end, withinMilliseconds: nil))
            $0.ruleSource = "after s"
            $0.overlap = .allow
            $0.windows = [Self.window(.delay, 20, 50)]
        }
        let fixture = try Fixture(
            [Fixture.schedule { $0.overlap = .allow }, chain], runMinutes: 1...2)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 25)
        fixture.simulator.command(
            .trigger(schedule: "chain", uuid: "u1", force: true, reason: ""))
        try fixture.run(untilMinute: 49)
        // Set off before the window, by hand within it, and held back in it: one of two.
        let kinds = try fixture.ask(
            "SELECT kind || ' ' || disposition FROM history WHERE schedule = 'chain' ORDER BY slot_id"
        )
        #expect(
            kinds == ["after started", "manual started", "after pending"]
                || kinds == ["after started", "manual started", "after coalesced", "after pending"])
        try fixture.run(untilMinute: 53)
        let after = try fixture.ask(
            "SELECT count(*) FROM history WHERE schedule = 'chain' AND window = 'freeze' "
                + "AND disposition = 'started'")
        #expect(after == ["1"])
        try fixture.check()
    }
}
