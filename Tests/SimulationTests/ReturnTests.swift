import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// A connection that goes out of the config and comes back: what is in force of it is in `attention`.
@Suite struct ReturnTests {
    private static let nobody = EngineConfiguration(
        contentHash: "none", connections: [:], schedules: [])
    private static let inForce: [AlarmKind] = [
        .unreachable, .clock, .credential, .blocked, .limit, .sweepDistrusted,
    ]

    private func standing(_ fixture: Fixture) throws -> [AlarmKind] {
        try Self.inForce.filter { try fixture.alarms($0) == ["prod"] }
    }

    /// Everything stands in the way of a connection when it goes, and nothing has changed when it is back.
    @Test(arguments: [false, true])
    func whatIsStillInForceIsToldAgain(isDownMeanwhile: Bool) throws {
        let fixture = try Fixture([Fixture.schedule(every: 60)])
        let simulator = fixture.simulator
        let with = simulator.configuration
        try simulator.boot()
        try fixture.run(untilMinute: 5)
        simulator.kill()
        try simulator.inspect { ledger in
            let now = simulator.time
            var row = try #require(try ledger.connection("prod"))
            row.breakerFailures = 5
            row.breakerOpenedAt = now
            row.nextProbeAt = now.adding(milliseconds: 3_600_000)
            row.clockBadSince = now
            row.clockSkewMilliseconds = 300_000
            row.credentialBadSince = now
            row.nextTokenAt = now.adding(milliseconds: 3_600_000)
            row.sweepDistrustedSince = now
            row.learnedRequests = 10
            row.learnedWindowMilliseconds = 60_000
            try ledger.save(row)
            try ledger.noteHint(
                connection: "prod", operation: "", until: now.adding(milliseconds: 7_200_000),
                delaySeconds: 7_200, now: now)
            for kind in Self.inForce {
                try ledger.raise(kind: kind, subject: "prod", whatToDo: "as it was", now: now)
            }
        }
        try simulator.boot()
        try fixture.run(untilMinute: 6)
        #expect(try standing(fixture) == Self.inForce)
        if isDownMeanwhile { simulator.kill() }
        simulator.reload(Self.nobody)
        if isDownMeanwhile { try simulator.boot() }
        try fixture.run(untilMinute: 7)
        #expect(try standing(fixture) == [])
        if isDownMeanwhile { simulator.kill() }
        simulator.reload(with)
        if isDownMeanwhile { try simulator.boot() }
        try fixture.run(untilMinute: 8)
        #expect(try standing(fixture) == Self.inForce)
        let words = try fixture.ask("SELECT what_to_do FROM alarms ORDER BY kind")
        #expect(words.allSatisfy { !$0.contains("as it was") }, "\(words)")
        // They go as ever, once what they tell of is over.
        try fixture.run(untilMinute: 200)
        #expect(try standing(fixture) == [.limit, .sweepDistrusted])
    }

    /// A connection without troubles tells of none.
    @Test func oneThatWentInPeaceComesBackInPeace() throws {
        let fixture = try Fixture([Fixture.schedule(every: 60)])
        let with = fixture.simulator.configuration
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 5)
        fixture.simulator.reload(Self.nobody)
        try fixture.run(untilMinute: 6)
        fixture.simulator.reload(with)
        try fixture.run(untilMinute: 7)
        #expect(try fixture.ask("SELECT kind FROM alarms") == [])
    }

    /// The file that a schedule or connection waited for is of no interest once that is gone.
    @Test func whatWentWhileNobodyWasThereWaitsForNothing() throws {
        let fixture = try Fixture([Fixture.schedule(every: 60)])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 5)
        fixture.simulator.kill()
        try fixture.simulator.inspect { ledger in
            for subject in ["gone", "s", "connection gone", "connection prod"] {
                try ledger.raise(
                    kind: .waits, subject: subject, whatToDo: "its file isn't there",
                    now: fixture.simulator.time)
            }
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 6)
        // Who watches the files of connections says what becomes of those.
        #expect(try fixture.alarms(.waits) == ["connection prod"])
    }

    /// A wait is told under the name that the connection has, and goes under it.
    @Test func aWaitThatPassesAfterARenameNeedsNobody() throws {
        let fixture = try Fixture([Fixture.schedule(every: 60) { $0.overlap = .allow }])
        let simulator = fixture.simulator
        let prod = simulator.configuration
        var main = prod
        main.contentHash = "main"
        main.connections = [
            "main": Connection(
                name: "main", baseURL: "https://api.example.com", apiVersion: "2026-01-01")
        ]
        main.schedules[0].connection = "main"
        try simulator.boot()
        // Its answers are well: nothing stands of "prod".
        try fixture.run(untilMinute: 62)
        simulator.reload(main)
        simulator.sandbox.inject(
            .next(
                .rateLimited(operation: "runProcess", seconds: 7_200, header: true),
                operation: "runProcess"))
        try fixture.run(untilMinute: 125)
        #expect(try fixture.alarms(.blocked) == ["main"])
        let sent = fixture.requests("runProcess")
        // The name that it had before: the wait goes along, however often it is renamed (I4).
        simulator.reload(prod)
        try fixture.run(untilMinute: 126)
        #expect(try fixture.alarms(.blocked) == ["prod"])
        try fixture.run(untilMinute: 239)
        #expect(fixture.requests("runProcess") == sent)
        try fixture.run(untilMinute: 400)
        #expect(fixture.requests("runProcess") > sent)
        #expect(try fixture.alarms(.blocked) == [])
    }
}
