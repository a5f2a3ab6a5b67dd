import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// What befalls a whole connection: outages, credentials, limits (docs/protocol.md#retry-engine).
@Suite struct ConnectionRuleTests {
    /// Sixty schedules due at 06:00, while the API is away from 05:30 to 06:30.
    @Test(arguments: [
        Fault.unreachable(isCertificate: false), .lostBefore, .foreign(503, acts: false),
    ])
    func anOutageOfAnHourCostsNoSlotAnAttemptAndRecoveryIsRamped(fault: Fault) throws {
        var schedules = (0..<60).map {
            Fixture.schedule("s\($0)", every: 720, process: "q\($0)") {
                $0.trigger = .rule(
                    FiringRule(kind: .every(milliseconds: 6 * 3_600_000), zone: .utc))
                $0.ruleText = "every 360"
                $0.ruleSource = "every 360"
            }
        }
        // One that is only looked at finds out that the API is away.
        schedules.append(Fixture.schedule("watched", every: 10_080))
        let fixture = try Fixture(schedules, runMinutes: 600...600) { scenario in
            for number in 0..<60 {
                scenario.processes.append(
                    SandboxProcess(
                        id: "q\(number)", name: "Process \(number)",
                        root: .group(name: "All", parallel: false, children: [])))
            }
            var outage = FaultRule(fault)
            outage.window = 1_770_000..<5_370_000
            scenario.faults = [outage]
        }
        fixture.simulator.sandbox.log.keepsEntries = true
        fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "person", at: fixture.simulator.time)
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "watched", uuid: "u", force: true, reason: ""))
        try fixture.run(untilMinute: 89)
        let during = fixture.simulator.sandbox.log.entries.filter(\.isFaulted)
        // A probe every 30 s, and its token.
        #expect(during.count <= 130, "\(during.count)")
        #expect(fixture.simulator.starts.count == 1)
        #expect(try fixture.alarms(.unreachable) == ["prod"])
        try fixture.run(untilMinute: 95)
        #expect(
            try fixture.ask(
                """
                SELECT disposition, attempts, attempts_counted, count(*) FROM slots
                WHERE kind = 'rule' GROUP BY 1, 2, 3
                """)
                == ["started|1|0|60"])
        #expect(try fixture.alarms(.unreachable) == [])
        // Two seconds apart: thirty a minute.
        let times = fixture.simulator.starts.dropFirst().map(\.at.milliseconds)
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(gaps.min() ?? 0 >= 2_000)
        // And no place of the ramp is wasted: all within two minutes and a probe's gap.
        #expect((times.last ?? 0) - 1_795_496_400_000 - 90 * 60_000 <= 155_000)
        try fixture.check()
    }

    @Test func aPlaceOfTheRampIsNotWastedOnAStartThatCannotGoOut() throws {
        // Late slots of six processes after a night down; the token is refused for a while.
        let schedules = (0..<6).map {
            Fixture.schedule("s\($0)", every: 60, process: "q\($0)") {
                $0.startWithinMilliseconds = 60_000
            }
        }
        let fixture = try Fixture(schedules) { scenario in
            for number in 0..<6 {
                scenario.processes.append(
                    SandboxProcess(
                        id: "q\(number)", name: "Process \(number)",
                        root: .group(name: "All", parallel: false, children: [])))
            }
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 10)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 90)
        // Each look comes, each token is void at once: nothing can start for some seconds.
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 92)
        let times = fixture.simulator.starts.map(\.at.milliseconds)
        #expect(times.count == 6)
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(gaps.allSatisfy { (2_000...2_100).contains($0) }, "\(gaps)")
    }

    /// Who configured less has others in mind that ask the API, too.
    @Test(arguments: [(30, 1_000, nil), (30, 10, 10), (5_000, 1_000, 1_000)])
    func aLimitIsOnlyLearnedDownwards(configured: Int, named: Int, learned: Int?) throws {
        let fixture = try Fixture()
        fixture.simulator.configuration.connections["prod"]?.rate.requests = configured
        for requests in [named, 10_000] {
            var rule = FaultRule(
                .rateLimited(
                    operation: "runProcess", seconds: 5, header: false, requests: requests),
                operation: "runProcess")
            rule.times = 1
            fixture.simulator.sandbox.inject(rule)
        }
        if !fixture.simulator.isUp { try fixture.simulator.boot() }
        func inForce() throws -> [String] {
            try fixture.ask("SELECT requests FROM operation_limits")
        }
        try fixture.run(untilMinute: 15, second: 3)
        #expect(try inForce() == (learned.map { [String($0)] } ?? []))
        // A later one names more than is configured: what is configured counts again.
        try fixture.run(untilMinute: 17)
        #expect(try inForce() == [])
        #expect(fixture.simulator.starts.count == 3)
        try fixture.check()
    }

    @Test func aBadCredentialIsOneRowWithoutHammeringAndHealsByTheSecretFile() throws {
        let fixture = try Fixture(
            (0..<20).map {
                Fixture.schedule("s\($0)", every: 15) {
                    $0.overlap = .allow
                }
            })
        fixture.simulator.secrets["prod"] = "expired"
        fixture.simulator.sandbox.log.keepsEntries = true
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 70)
        #expect(try fixture.ask("SELECT kind, subject FROM attention") == ["credential|prod"])
        #expect(try fixture.ask("SELECT count(*) FROM events WHERE kind = 'credential'") == ["1"])
        let tokens = fixture.simulator.sandbox.log.entries.filter { $0.operation == "token" }.map(
            \.at)
        let gaps = zip(tokens, tokens.dropFirst()).map { $1.since($0) / 1000 }
        #expect(gaps.allSatisfy { $0 >= 60 } && gaps.last ?? 0 >= 300, "\(gaps)")
        #expect(fixture.simulator.starts.count == 0)
        // The secret file is corrected; nobody restarts anything.
        fixture.simulator.secrets["prod"] = nil
        fixture.simulator.post(.credentialChanged(connection: "prod"))
        try fixture.run(untilMinute: 74)
        #expect(try fixture.ask("SELECT kind FROM attention") == [])
        #expect(fixture.simulator.starts.count >= 20)
        try fixture.check()
    }

    @Test func theSecond401SaysThatStartsWaitAndOnlyTheFirstThatANewTokenHelps() throws {
        let fixture = try Fixture()
        var rule = FaultRule(.error(401, acts: false), operation: "runProcess")
        rule.times = 2
        fixture.simulator.sandbox.inject(rule)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 15, second: 5)
        #expect(
            try fixture.ask("SELECT attempt, next_step FROM error_log ORDER BY error_id") == [
                "1|sent again with a new token",
                "2|the credential is not accepted, starts wait; see: carillon attention",
            ])
        #expect(try fixture.alarms(.credential) == ["prod"])
        // A probe that is accepted shows that it is well again.
        try fixture.run(untilMinute: 18)
        #expect(try fixture.told() == "15 started")
        #expect(try fixture.alarms(.credential) == [])
    }

    @Test func startsThatAreRefusedWhereListsAreNotEndSomeTime() throws {
        let fixture = try Fixture([Fixture.schedule(every: 360)])
        fixture.simulator.sandbox.inject(
            FaultRule(.error(401, acts: false), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 200)
        #expect(try fixture.told() == "60 failed")
        #expect(fixture.simulator.starts.count <= 16)
    }

    /// Lists and other runs are accepted all the time, so the credential is never blamed.
    @Test(arguments: ["getProcessRun", "runProcess", "validateProcess"])
    func aProcessThatIsRefusedWith401IsNoLoopWithoutAPause(operation: String) throws {
        let fixture = try Fixture([
            Fixture.schedule("bad", every: 360) { $0.validateFirst = true },
            Fixture.schedule("good", every: 1, process: "p2") { $0.overlap = .allow },
        ])
        fixture.simulator.sandbox.startByPerson(
            process: "p1", user: "person", at: fixture.simulator.time)
        fixture.simulator.sandbox.inject(
            FaultRule(.error(401, acts: false), operation: operation, process: "p1"))
        fixture.simulator.sandbox.log.keepsEntries = true
        try fixture.simulator.boot()
        fixture.simulator.command(.trigger(schedule: "bad", uuid: "u", force: true, reason: ""))
        try fixture.run(untilMinute: 120)
        let refused = fixture.simulator.sandbox.log.entries.count { $0.status == 401 }
        #expect((2...120).contains(refused), "\(refused)")
    }

    /// Two slots of one process: the answer to one wakes the other, but not before its backoff.
    @Test func twoSlotsThatAreBothInConflictDoNotWakeEachOther() throws {
        let fixture = try Fixture(
            ["a", "b"].map {
                Fixture.schedule($0, every: 15) {
                    $0.overlap = .allow
                    $0.onConflict = .retry
                    $0.retry.maxAttempts = nil
                }
            })
        fixture.simulator.sandbox.inject(
            FaultRule(.error(409, acts: false), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 29)
        #expect(
            (4...60).contains(fixture.simulator.starts.count), "\(fixture.simulator.starts.count)")
    }

    @Test func aHintOfHoursIsInAttentionAndUnblockLiftsIt() throws {
        let fixture = try Fixture()
        var fault = Fault.error(429, acts: false)
        fault.headers = [("Retry-After", "36000")]
        fixture.simulator.sandbox.inject(.next(fault, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 60)
        #expect(try fixture.alarms(.blocked) == ["prod"])
        #expect(fixture.simulator.starts.count == 1)
        fixture.simulator.command(.unblock(connection: "prod"))
        try fixture.run(untilMinute: 76)
        #expect(try fixture.alarms(.blocked) == [])
        #expect(fixture.simulator.starts.count > 1)
    }

    @Test func anOperationThatTheMessageNamesIsBlockedAlone() throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        fixture.simulator.sandbox.inject(
            .next(
                .rateLimited(operation: "runProcess", seconds: 120, header: false),
                operation: "runProcess"))
        fixture.simulator.sandbox.log.keepsEntries = true
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        let entries = fixture.simulator.sandbox.log.entries
        let starts = entries.filter { $0.operation == "runProcess" }.map(\.at)
        #expect(starts.count == 2 && starts[1].since(starts[0]) >= 120_000)
        // Lists go on in between.
        #expect(
            entries.contains {
                $0.operation == "listProcesses" && $0.at > starts[0] && $0.at < starts[1]
            })
        try fixture.check()
    }

    @Test func aListOfManyPagesIsReadToItsEndThoughPlacesComeSlowly() throws {
        // 3,000 processes, a place every 2.9 s, answers in 20 ms: three pages of a poll's list.
        let fixture = try Fixture([Fixture.schedule("s", every: 1440, process: "z")]) { scenario in
            for number in 0..<3000 {
                scenario.processes.append(
                    SandboxProcess(
                        id: "q\(number)", name: "Process \(number)",
                        root: .group(name: "All", parallel: false, children: [])))
            }
            let job = SandboxJob(
                .sendTask, title: "Job", durationMilliseconds: 3_600_000...3_600_000)
            scenario.processes.append(
                SandboxProcess(
                    id: "z", name: "zzz",
                    root: .group(name: "All", parallel: false, children: [.job(job)])))
        }
        fixture.simulator.configuration.connections["prod"]?.rate.requests = 30
        fixture.simulator.sandbox.startByPerson(
            process: "z", user: "person", at: fixture.simulator.time)
        try fixture.simulator.boot()
        // A command makes the daemon look; the run on the last page is found.
        fixture.simulator.command(.trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 70)
        #expect(
            try fixture.ask("SELECT status FROM runs WHERE process_id = 'z'").contains("complete"))
        try fixture.check()
    }
}
