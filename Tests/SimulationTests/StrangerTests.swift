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
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }]) { scenario in
            let job = SandboxJob(
                .sendTask, title: "Job", durationMilliseconds: runMilliseconds...runMilliseconds)
            scenario.processes[0].root = .job(job)
        }
        try theatre.world.boot()
        try theatre.run(untilMinute: 30, second: 1)
        #expect(try theatre.alarms(.anotherCarillon) == [])
        theatre.world.sandbox.startByPerson(
            process: "p1", user: Self.ours, at: theatre.world.time)
        try theatre.run(untilMinute: 32)
        #expect(try theatre.alarms(.anotherCarillon) == ["prod"])
        // A day without another one, and the alarm is over.
        try theatre.run(untilMinute: 30 + 1443)
        #expect(try theatre.alarms(.anotherCarillon) == [])
    }

    @Test func aPersonsRunIsNoOtherStarter() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        try theatre.world.boot()
        try theatre.run(untilMinute: 31)
        theatre.world.sandbox.startByPerson(
            process: "p1", user: "person", at: theatre.world.time)
        try theatre.run(untilMinute: 46)
        #expect(try theatre.alarms(.anotherCarillon) == [])
    }

    @Test func whatAPersonStartsWhileTheDaemonIsDownIsNotTakenForTheLostStart() throws {
        // The very first start, so our user isn't known; the daemon dies while it is out, and it
        // never arrived.
        let theatre = try Theatre { $0.latencyMilliseconds = 5_000...5_000 }
        let world = theatre.world
        world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try world.boot()
        try theatre.run(untilMinute: 15, second: 3)
        #expect(try theatre.told() == "15 starting")
        world.kill()
        world.rest(until: world.time.adding(milliseconds: 100_000))
        world.sandbox.startByPerson(process: "p1", user: "person", at: world.time)
        try world.boot()
        try theatre.run(untilMinute: 25)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .held)
        #expect(slot.reason.contains("could still act"))
    }

    @Test func anAttemptInDoubtInARestoredFileIsHeld() throws {
        let theatre = try Theatre(runMinutes: 60...60) { $0.latencyMilliseconds = 5_000...5_000 }
        try theatre.world.boot()
        try theatre.run(untilMinute: 15, second: 3)
        #expect(try theatre.told() == "15 starting")
        let copy = try theatre.folder.stories.freshDatabase()
        theatre.folder.stories.discard(copy)
        try theatre.world.inspect { try LedgerReader(path: $0.database.path).backup(to: copy) }
        try theatre.run(untilMinute: 20)
        theatre.world.kill()
        let restored = World(
            path: copy, configuration: theatre.world.configuration,
            sandbox: theatre.world.sandbox, time: theatre.world.time)
        try restored.boot()
        try restored.run(until: theatre.world.time.adding(milliseconds: 6 * 60_000))
        let slot = try #require(try restored.inspect { try $0.allSlots(schedule: "s") }.first)
        #expect(slot.disposition == .held)
        #expect(slot.reason.contains("restored"))
        #expect(restored.starts.isEmpty)
    }

    @Test func aPossibleDuplicateIsOverWhenItIsExplained() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }], runMinutes: 60...60)
        let world = theatre.world
        try world.boot()
        try theatre.run(untilMinute: 29)
        world.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 300_000), operation: "runProcess"))
        try theatre.run(untilMinute: 44)
        let alarm = try #require(try theatre.alarms(.possibleDuplicate).first)
        let run = try #require(alarm.split(separator: " ").last).description
        world.sandbox.setRunStatus(run, .cancelled, at: world.time)
        try theatre.run(untilMinute: 52)
        #expect(try theatre.alarms(.possibleDuplicate) == [])
        // The story of it stays.
        #expect(
            try theatre.ask(
                "SELECT count(*) FROM error_log WHERE message LIKE 'possible duplicate%'") == ["1"])
    }
}
