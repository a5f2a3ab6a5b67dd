import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// A COMMIT that fails, though what it wrote is in the file (docs/reliability.md#disk).
@Suite struct DiskTests {
    private static let lateFailure = Simulator.DiskTrouble(
        .ioError, "a sync that failed", isWritten: true)

    /// A reload at 05:07 whose COMMIT fails; the disk is well again at that second of the minute.
    private static func reloaded(
        to new: EngineConfiguration, by trouble: Simulator.DiskTrouble, wellAtSecond second: Int64
    ) throws -> Fixture {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }], runMinutes: 1...1)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 7)
        fixture.simulator.diskTrouble = trouble
        fixture.simulator.reload(new)
        try fixture.run(untilMinute: 7, second: second)
        fixture.simulator.diskTrouble = nil
        return fixture
    }

    private static let everyTen = Fixture.configuration(
        [Fixture.schedule(every: 10) { $0.overlap = .allow }], hash: "2")

    @Test(arguments: [Int64(1), 59, 900])
    func aReloadThatFailedButIsWrittenIsInForce(wellAtSecond: Int64) throws {
        let fixture = try Self.reloaded(
            to: Self.everyTen, by: Self.lateFailure, wellAtSecond: wellAtSecond)
        try fixture.run(untilMinute: 32)
        #expect(try fixture.told() == "10 started, 20 started, 30 started")
        #expect(fixture.simulator.replies.map(\.exitCode) == [0])
        #expect(try fixture.ask("SELECT count(*) FROM config_revisions") == ["2"])
        try fixture.check()
    }

    @Test func aReloadThatFailedAndIsNotWrittenIsTakenOnceTheDiskIsWell() throws {
        let fixture = try Self.reloaded(
            to: Self.everyTen, by: Simulator.DiskTrouble(.ioError, "an error"), wellAtSecond: 30)
        try fixture.run(untilMinute: 21)
        #expect(try fixture.told() == "10 started, 20 started")
        #expect(fixture.simulator.replies.map(\.exitCode) == [0])
        #expect(fixture.simulator.replies.last?.message == "s changed")
        try fixture.check()
    }

    @Test func aReloadOnAFullDiskIsRefusedAndChangesNothing() throws {
        let fixture = try Self.reloaded(
            to: Self.everyTen, by: Simulator.DiskTrouble(.full, "no room"), wellAtSecond: 30)
        try fixture.run(untilMinute: 16)
        #expect(try fixture.told() == "15 started")
        #expect(fixture.simulator.replies.map(\.exitCode) == [75])
        try fixture.check()
    }

    /// The disk fills up behind the error: what may be written must be kept still.
    @Test func aFullDiskAfterTheErrorForgetsNothing() throws {
        let fixture = try Self.reloaded(to: Self.everyTen, by: Self.lateFailure, wellAtSecond: 1)
        fixture.simulator.diskTrouble = Simulator.DiskTrouble(.full, "no room")
        try fixture.run(untilMinute: 8)
        fixture.simulator.diskTrouble = nil
        try fixture.run(untilMinute: 21)
        #expect(try fixture.told() == "10 started, 20 started")
        #expect(fixture.simulator.replies.map(\.exitCode) == [0])
        try fixture.check()
    }

    @Test func aScheduleThatWasRemovedStaysRemoved() throws {
        let fixture = try Self.reloaded(
            to: Fixture.configuration([Fixture.schedule("other", every: 20)], hash: "2"),
            by: Self.lateFailure, wellAtSecond: 40)
        try fixture.run(untilMinute: 31)
        #expect(try fixture.told() == "")
        #expect(try fixture.told("other") == "20 started")
        #expect(
            fixture.simulator.replies.map(\.message)
                == ["it was written, though the disk said that it failed"])
        try fixture.check()
    }

    @Test func aDeathBeforeTheDiskIsWellLosesNothing() throws {
        let fixture = try Self.reloaded(to: Self.everyTen, by: Self.lateFailure, wellAtSecond: 2)
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 21)
        #expect(try fixture.told() == "10 started, 20 started")
        try fixture.check()
    }
}
