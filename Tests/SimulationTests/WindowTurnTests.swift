import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Who goes first when a window ends (rules 2, 8, 9 and 20), and what a change of the clock makes of
/// windows and of rules that meet.
@Suite struct WindowTurnTests {
    /// Two schedules of one process, both held back until 05:50.
    private static func pair(_ overlap: OverlapPolicy) -> [Schedule] {
        ["a", "b"].map { name in
            WindowTests.schedule([WindowTests.window(.delay, 20, 50)]) {
                $0.name = name
                $0.overlap = overlap
            }
        }
    }

    /// Both are due at the end: the first by name starts, and the other does what its `overlap` says.
    @Test(arguments: [
        (OverlapPolicy.skip, "30 coalesced, 45 skipped"),
        (.queue, "30 coalesced, 45 started"), (.allow, "30 coalesced, 45 started"),
    ])
    func ofTwoThatAreDueAtItsEndOneGoesFirst(overlap: OverlapPolicy, other: String) throws {
        let fixture = try Fixture(Self.pair(overlap), runMinutes: 3...3)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 49, second: 59)
        #expect(fixture.simulator.starts.count <= 2)
        try fixture.run(untilMinute: 59)
        #expect(try fixture.told("a").hasSuffix("30 coalesced, 45 started"))
        #expect(try fixture.told("b").hasSuffix(other))
        // One that is queued starts when the run of three minutes is seen to have ended.
        let late = try fixture.ask(
            "SELECT start_lag_seconds > 179 FROM history WHERE window = 'freeze' "
                + "AND disposition = 'started' ORDER BY schedule")
        #expect(late == (overlap == .skip ? ["0"] : overlap == .queue ? ["0", "1"] : ["0", "0"]))
        try fixture.check()
    }

    /// A make-up that is asked for two minutes before the end lets go first what is due then; one that is
    /// asked for in the middle doesn't wait for that.
    @Test(arguments: [(48, true), (25, false)] as [(Int64, Bool)])
    func aMakeUpLetsGoFirstWhatIsDueAtItsEnd(minute: Int64, waits: Bool) throws {
        let fixture = try Fixture(
            [
                WindowTests.schedule([WindowTests.window(.delay, 20, 50)]) {
                    $0.overlap = .queue
                }
            ], runMinutes: 2...2)
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: ""))
        try fixture.run(untilMinute: 16)
        fixture.simulator.command(.resume(schedule: "s"))
        try fixture.run(untilMinute: minute)
        fixture.makeUp(minute: 15)
        try fixture.run(untilMinute: minute + 1)
        #expect(try fixture.manual().map(\.disposition) == [waits ? .pending : .started])
        try fixture.run(untilMinute: 58)
        #expect(try fixture.manual().map(\.disposition) == [.started])
        let order = try fixture.ask(
            "SELECT kind FROM history WHERE disposition = 'started' ORDER BY started_at")
        #expect(order == (waits ? ["rule", "manual"] : ["manual", "rule"]))
        try fixture.check()
    }

    /// A pause takes what is held back as it takes whatever waits; what comes once it is over waits for the end.
    @Test(arguments: [
        (nil, "30 skipped, 45 skipped"), (40, "30 skipped, 45 started"),
        (48, "30 skipped, 45 skipped"),
    ])
    func aPauseTakesWhatIsHeldBack(resumed: Int64?, told: String) throws {
        let fixture = try Fixture([
            WindowTests.schedule([WindowTests.window(.delay, 20, 50)])
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 35)
        fixture.simulator.command(.pause(schedule: "s", until: nil, reason: "audit"))
        if let resumed {
            try fixture.run(untilMinute: resumed)
            fixture.simulator.command(.resume(schedule: "s"))
        }
        try fixture.run(untilMinute: 58)
        #expect(try fixture.told() == "15 started, " + told)
        #expect(try fixture.slots()[1].reason.contains("paused"))
        try fixture.check()
    }

    /// Who runs the process by hand while its slot is held back has done it (rule 19).
    @Test(arguments: [
        (33, "15 started, 30 skipped"), (19, "15 started, 30 skipped"),
        (nil, "15 started, 30 started"),
    ])
    func aSlotThatIsHeldBackMayBeDoneByItsEnd(person: Int64?, told: String) throws {
        let fixture = try Fixture(
            [
                WindowTests.schedule([WindowTests.window(.delay, 25, 40)]) {
                    $0.unlessDone = UnlessDone()
                }
            ], runMinutes: 1...1)
        try fixture.simulator.boot()
        if let person {
            try fixture.run(untilMinute: person)
            fixture.simulator.sandbox.startByPerson(
                process: "p1", user: "ann", at: fixture.simulator.time)
        }
        try fixture.run(untilMinute: 39, second: 50)
        #expect(try fixture.told() == "15 started, 30 pending")
        try fixture.run(untilMinute: 43)
        #expect(try fixture.told() == told)
        #expect(try fixture.slots()[1].reason.contains("already done") == (person != nil))
        try fixture.check()
    }

    // MARK: A change of the clock

    /// A clock that is set by an hour at a minute after 05:00, from an offset on.
    private static func zone(_ before: Int, _ minute: Int64, _ after: Int) -> Zone {
        Zone(
            offsetSeconds: before, changingAt: Fixture.minute(minute), to: after,
            name: "Story/\(before)")
    }

    /// A window of `cron` and 40 minutes by that clock.
    private static func held(_ expression: String, _ zone: Zone) throws -> Schedule {
        let begins = FiringRule(kind: .cron(try CronRule(expression)), zone: zone)
        return WindowTests.schedule([
            Window(
                name: "freeze", effect: .delay, spans: [],
                recurrences: [.init(rule: begins, lastsMilliseconds: 40 * 60_000)])
        ]) {
            $0.zone = zone
            $0.timezone = zone.name
        }
    }

    /// At 05:40 it is 05:40 again and not 06:40: the window of 06:30 lasts until 06:10 UTC, and doesn't
    /// come again when it is 06:30 for the second time.
    @Test func aWindowLastsAsLongAsItSaysWhereAnHourRepeats() throws {
        let fixture = try Fixture([try Self.held("30 6 * * *", Self.zone(3600, 40, 0))])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 69, second: 59)
        #expect(try fixture.told() == "15 started, 30 coalesced, 45 coalesced, 60 pending")
        try fixture.run(untilMinute: 106)
        #expect(
            try fixture.told()
                == "15 started, 30 coalesced, 45 coalesced, 60 started, 75 started, 90 started, "
                + "105 started")
        let reasons = try fixture.ask("SELECT reason FROM history WHERE slot_at LIKE '%05:30:00Z'")
        #expect(reasons.joined().contains("stands for it"))
        try fixture.check()
    }

    /// At 05:25 it is 06:25: the window that should begin at 06:00 begins with the jump.
    @Test func aWindowBeginsWithTheJumpOverItsBeginning() throws {
        let fixture = try Fixture([try Self.held("0 6 * * *", Self.zone(0, 25, 3600))])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 64, second: 59)
        #expect(try fixture.told() == "15 started, 30 coalesced, 45 coalesced, 60 pending")
        try fixture.run(untilMinute: 76)
        #expect(
            try fixture.told()
                == "15 started, 30 coalesced, 45 coalesced, 60 started, 75 started")
        try fixture.check()
    }

    private static func several(_ expressions: [String], _ zone: Zone) throws -> Schedule {
        let parts = try expressions.map {
            FiringRule.Part(kind: .cron(try CronRule($0)), text: $0)
        }
        return Fixture.schedule {
            $0.trigger = .rule(FiringRule(kind: .several(parts), zone: zone))
            $0.ruleText = expressions.joined(separator: "; ")
            $0.ruleSource = $0.ruleText
            $0.overlap = .allow
            $0.zone = zone
        }
    }

    /// 06:00 to 07:00 comes twice, the fixed rule goes with the first pass, the other with both.
    ///
    /// And where 05:30 to 06:30 is left out, both meet at the jump: one slot, one start.
    @Test(
        arguments: [
            (
                3600, 60, 0, "30 6 * * *",
                ["05:30 30 6 * * *; */30 * * * *", "06:00 */30 * * * *", "06:30 */30 * * * *"]
            ),
            (
                0, 30, 3600, "45 5 * * *",
                ["05:30 45 5 * * *; */30 * * * *", "06:00 */30 * * * *", "06:30 */30 * * * *"]
            ),
        ] as [(Int, Int64, Int, String, [String])])
    func rulesThatMeetAtAChangeOfTheClockMakeOneSlot(
        before: Int, minute: Int64, after: Int, fixed: String, told: [String]
    ) throws {
        let zone = Self.zone(before, minute, after)
        let fixture = try Fixture([try Self.several([fixed, "*/30 * * * *"], zone)])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 95)
        #expect(
            try fixture.ask("SELECT substr(slot_at, 12, 5) || ' ' || rule FROM history ORDER BY 1")
                == told)
        #expect(fixture.simulator.starts.count == told.count)
        try fixture.check()
    }
}
