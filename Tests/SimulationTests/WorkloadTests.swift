import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Stories of single slots, driven with virtual clocks; nothing sleeps.
@Suite struct StoryTests {
    @Test func aDueSlotStartsOneRunAndIsFollowedToItsEnd() throws {
        let fixture = try Fixture()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 51)
        try fixture.check()
        #expect(try fixture.told() == "15 started, 30 started, 45 started")
        #expect(fixture.simulator.sandbox.runs.count == 3)
    }

    @Test func anIdleDaemonWithAThousandSchedulesHardlyTurns() throws {
        let schedules = (0..<1000).map { number in
            Fixture.schedule("s\(number)", every: 1440, process: "p\(number)")
        }
        let fixture = try Fixture(schedules)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 10)
        let before = fixture.simulator.turns
        try fixture.run(untilMinute: 600)
        #expect(fixture.simulator.turns - before < 100)
    }

    @Test func aRunThatEndedSinceTheLookSkipsNothing() throws {
        let fixture = try Fixture()
        let simulator = fixture.simulator
        try simulator.boot()
        // The look for the slot of 05:15:00 goes out at 05:14:30 and shows the run of 05:14:00,
        // which a person closes ten seconds before the slot.
        try fixture.run(untilMinute: 14)
        let started = simulator.sandbox.startByPerson(
            process: "p1", user: "a person", at: simulator.time)
        let run = try #require(started)
        try fixture.run(untilMinute: 14, second: 50)
        simulator.sandbox.setRunStatus(run, .cancelled, at: simulator.time)
        try fixture.run(untilMinute: 15, second: 10)
        #expect(try fixture.told() == "15 started")
    }

    @Test func aTzdataUpdateMovesFutureSlotsAndSaysSo() throws {
        func schedule(offsetSeconds: Int) throws -> Schedule {
            let zone = Zone(fixedOffsetSeconds: offsetSeconds, name: "Test/Moved")
            let rule = FiringRule(kind: .cron(try CronRule("0 9 * * *")), zone: zone)
            return Fixture.schedule {
                $0.trigger = .rule(rule)
                $0.zone = zone
                $0.ruleSource = "0 9 * * * Test/Moved"
            }
        }
        let fixture = try Fixture([try schedule(offsetSeconds: 0)])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 2)
        // The same rule, compiled with new zone data: the next slot is an hour earlier.
        fixture.simulator.post(
            .configuration(
                Fixture.configuration([try schedule(offsetSeconds: 3600)]), commandID: nil),
            afterMilliseconds: 1000)
        try fixture.run(untilMinute: 4)
        try fixture.simulator.inspect { ledger in
            let moved = try ledger.database.first(
                "SELECT detail FROM audit WHERE action = 'slots moved'"
            ) { $0.string(0) }
            #expect(moved?.hasPrefix("2026-11-24T09:00:00Z → 2026-11-24T08:00:00Z") == true)
            let next = try ledger.schedule("s")?.nextSlotAt
            #expect(next == Instant(iso8601: "2026-11-24T08:00:00Z"))
        }
    }

    /// Thousands of lives are played in one process: what each kept open took 14 GB.
    @Test func whenASimulatorIsGoneSoIsItsLedgerHoweverItsLifeEnded() throws {
        for isKilled in [false, true] {
            weak var ledger: Ledger?
            weak var simulator: Simulator?
            do {
                let fixture = try Fixture()
                try fixture.simulator.boot()
                try fixture.run(untilMinute: 16)
                if isKilled {
                    fixture.simulator.kill()
                    try fixture.simulator.boot()
                    try fixture.run(untilMinute: 18)
                }
                simulator = fixture.simulator
                ledger = try fixture.simulator.inspect { $0 }
                #expect(ledger != nil)
            }
            #expect(simulator == nil)
            #expect(ledger == nil)
        }
    }
}
