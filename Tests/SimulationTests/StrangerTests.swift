import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Runs of somebody else beside ours: another daemon, a person in the meantime, an older ledger.
@Suite struct StrangerTests {
    /// Our own user, as the sandbox's grant has it.
    private static let ours = SandboxClient().user

    @Test(arguments: [3_000, 3_600_000] as [Int64])
    func anotherStarterWithOurUserIsSaidWithinTwoMinutes(runMilliseconds: Int64) throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }]) { scenario in
            let job = SandboxJob(
                .sendTask, title: "Job", durationMilliseconds: runMilliseconds...runMilliseconds)
            scenario.processes[0].root = .job(job)
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 30, second: 1)
        #expect(try fixture.alarms(.anotherCarillon) == [])
        fixture.simulator.sandbox.startByPerson(
            process: "p1", user: Self.ours, at: fixture.simulator.time)
        try fixture.run(untilMinute: 32)
        #expect(try fixture.alarms(.anotherCarillon) == ["prod"])
        // A day without another one, and the alarm is over.
        try fixture.run(untilMinute: 30 + 1443)
        #expect(try fixture.alarms(.anotherCarillon) == [])
    }

    @Test func aPersonsRunIsNoOtherStarter() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 31)
        fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "person", at: fixture.simulator.time)
        try fixture.run(untilMinute: 46)
        #expect(try fixture.alarms(.anotherCarillon) == [])
    }

    @Test func whatAPersonStartsWhileTheDaemonIsDownIsNotTakenForTheLostStart() throws {
        // The very first start, so our user isn't known; the daemon dies while it is out, and it
        // never arrived.
        let fixture = try Fixture { $0.latencyMilliseconds = 5_000...5_000 }
        let simulator = fixture.simulator
        simulator.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try simulator.boot()
        try fixture.run(untilMinute: 15, second: 3)
        #expect(try fixture.told() == "15 starting")
        simulator.kill()
        simulator.rest(until: simulator.time.adding(milliseconds: 100_000))
        simulator.sandbox.startByPerson(process: "p1", user: "person", at: simulator.time)
        try simulator.boot()
        try fixture.run(untilMinute: 25)
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .held)
        #expect(slot.reason.contains("could still act"))
    }

    @Test func anAttemptInDoubtInARestoredFileIsHeld() throws {
        let fixture = try Fixture(runMinutes: 60...60) { $0.latencyMilliseconds = 5_000...5_000 }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 3)
        #expect(try fixture.told() == "15 starting")
        let copy = try fixture.folder.workloads.freshDatabase()
        fixture.folder.workloads.discard(copy)
        try fixture.simulator.inspect { try LedgerReader(path: $0.database.path).backup(to: copy) }
        try fixture.run(untilMinute: 20)
        fixture.simulator.kill()
        let restored = Simulator(
            path: copy, configuration: fixture.simulator.configuration,
            sandbox: fixture.simulator.sandbox, time: fixture.simulator.time)
        try restored.boot()
        try restored.run(until: fixture.simulator.time.adding(milliseconds: 6 * 60_000))
        let slot = try #require(try restored.inspect { try $0.allSlots(schedule: "s") }.first)
        #expect(slot.disposition == .held)
        #expect(slot.reason.contains("restored"))
        #expect(restored.starts.isEmpty)
    }

    @Test func aPossibleDuplicateIsOverWhenItIsExplained() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }], runMinutes: 60...60)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 29)
        simulator.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 300_000), operation: "runProcess"))
        try fixture.run(untilMinute: 44)
        let alarm = try #require(try fixture.alarms(.possibleDuplicate).first)
        let run = try #require(alarm.split(separator: " ").last).description
        simulator.sandbox.setRunStatus(run, .cancelled, at: simulator.time)
        try fixture.run(untilMinute: 52)
        #expect(try fixture.alarms(.possibleDuplicate) == [])
        // The story of it stays.
        #expect(
            try fixture.ask(
                "SELECT count(*) FROM error_log WHERE message LIKE 'possible duplicate%'") == ["1"])
    }
}
