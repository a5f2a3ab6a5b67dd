import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// The check ahead of a slot: token, look and validation, while there is time to mend what is wrong.
@Suite struct PreflightTests {
    /// A slot at 12:00, checked from 06:00 on.
    private static func noon(
        _ name: String = "s", process: String = "p1", edit: (inout Schedule) -> Void = { _ in }
    ) -> Schedule {
        Fixture.schedule(name, every: 720, process: process) {
            $0.preflightMilliseconds = 6 * 3_600_000
            edit(&$0)
        }
    }
    private static let boot: Int64 = 1_795_496_400
    private static let finding = SandboxValidationError(
        code: "invalidUser", message: "The assignee is gone.", jobNumber: 0)

    @Test func aSlotIsCheckedOnceAheadAndARestartRepeatsNothing() throws {
        let fixture = try Fixture([Self.noon()])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 59)
        #expect(fixture.requests("validateProcess") == 0)
        try fixture.run(untilMinute: 62)
        #expect(fixture.requests("validateProcess") == 1)
        let lists = fixture.requests("listProcesses")
        #expect(lists >= 1)
        fixture.simulator.kill()
        fixture.rest(untilMinute: 120)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 418)
        #expect(fixture.requests("validateProcess") == 1)
        #expect(fixture.simulator.starts.isEmpty)
        #expect(try fixture.ask("SELECT * FROM attention") == [])
        try fixture.run(untilMinute: 425)
        #expect(try fixture.told() == "420 started")
        // The next one is at midnight.
        try fixture.run(untilMinute: 420 + 362)
        #expect(fixture.requests("validateProcess") == 2)
        try fixture.check()
    }

    /// Where there is less time than checks would like, they share the first half of it.
    @Test func checksOfManySlotsThatAreNearShareTheTimeThatThereIs() throws {
        let fixture = try Fixture(
            (0..<100).map { number in
                Fixture.schedule("s\(number)", every: 20, process: "p1") {
                    $0.preflightMilliseconds = 3_600_000
                }
            })
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 1)
        let times = try fixture.ask(
            """
            SELECT count(DISTINCT next_at), max(next_at) - min(next_at) <= 600000
            FROM preflights WHERE state = 'planned'
            """)
        let told = try #require(times.first?.split(separator: "|").compactMap { Int($0) })
        #expect(told[0] > 80 && told[1] == 1)
        try fixture.run(untilMinute: 12)
        #expect(fixture.requests("validateProcess") == 100)
    }

    @Test func aDeathInItsMiddleOnlyRepeatsIt() throws {
        let fixture = try Fixture([Self.noon()]) { $0.latencyMilliseconds = 5_000...5_000 }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 60, second: 12)
        #expect(fixture.requests("validateProcess") == 1)
        fixture.simulator.kill()
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 65)
        #expect(fixture.requests("validateProcess") == 2)
        #expect(try fixture.ask("SELECT state FROM preflights") == ["passed"])
        try fixture.check()
    }

    /// What can be wrong, the word a person reads, and how it is mended.
    private struct Trouble: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let words: String
        let error: String
        var process = ProcessReference.id("p1")
        let break_: @Sendable (inout SandboxState, Instant) -> Void
        let mend: @Sendable (inout SandboxState, Instant) -> Void
    }
    private static let troubles = [
        Trouble(
            testDescription: "the process was deleted", words: "process p1 is not listed",
            error: "listProcesses",
            break_: { $0.deleteProcess("p1", at: $1) },
            mend: { sandbox, now in
                let process = sandbox.scenario.processes[0]
                sandbox.addProcess(process, at: now)
            }),
        Trouble(
            testDescription: "the process does not validate", words: "The assignee is gone.",
            error: "validateProcess",
            break_: { $0.changeProcess("p1", at: $1) { $0.validationErrors = [finding] } },
            mend: { $0.changeProcess("p1", at: $1) { $0.validationErrors = [] } }),
        Trouble(
            testDescription: "no process has the name",
            words: "no process has the name \"Close 2026-11\"", error: "listProcesses",
            process: .name(pattern: "Close {yyyy}-{MM}"), break_: { _, _ in },
            mend: { $0.renameProcess("p1", to: "Close 2026-11", at: $1) }),
        Trouble(
            testDescription: "two processes have the name",
            words: "processes p1, p2 all have the name \"Close 2026-11\"", error: "listProcesses",
            process: .name(pattern: "Close {yyyy}-{MM}"),
            break_: { sandbox, now in
                for id in ["p1", "p2"] {
                    sandbox.renameProcess(id, to: "Close 2026-11", at: now)
                }
            },
            mend: { $0.renameProcess("p2", to: "Close 2026-11 old", at: $1) }),
        Trouble(
            testDescription: "the grant may not validate", words: "HTTP 403",
            error: "validateProcess",
            break_: { sandbox, _ in
                sandbox.inject(FaultRule(.error(403, acts: false), operation: "validateProcess"))
            }, mend: { sandbox, _ in sandbox.removeFaults() }),
    ]

    @Test(arguments: troubles)
    private func aTroubleIsInAttentionUntilItIsMended(trouble: Trouble) throws {
        let fixture = try Fixture([Self.noon { $0.process = trouble.process }])
        trouble.break_(&fixture.simulator.sandbox, fixture.simulator.time)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 200)
        let rows = try fixture.ask("SELECT kind, subject, what_to_do FROM attention")
        #expect(rows.count == 1)
        #expect(rows.first?.hasPrefix("preflight|s@2026-11-24T12:00:00Z|") == true)
        #expect(rows.first?.contains(trouble.words) == true)
        // Looked at again and again, and written once.
        #expect(
            try fixture.ask("SELECT operation, schedule, repeats FROM error_log")
                == ["\(trouble.error)|s|0"])
        #expect(fixture.simulator.starts.isEmpty)
        trouble.mend(&fixture.simulator.sandbox, fixture.simulator.time)
        try fixture.run(untilMinute: 265)
        #expect(try fixture.ask("SELECT * FROM attention") == [])
        try fixture.run(untilMinute: 425)
        #expect(try fixture.told() == "420 started")
        try fixture.check()
    }

    @Test func theRowGoesWhenTheSlotHasPassed() throws {
        let fixture = try Fixture([Self.noon()])
        fixture.simulator.sandbox.deleteProcess("p1", at: fixture.simulator.time)
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 419)
        #expect(try fixture.alarms(.preflight) == ["s@2026-11-24T12:00:00Z"])
        try fixture.run(untilMinute: 425)
        #expect(try fixture.alarms(.preflight) == [])
        // Its own story goes on in its own row.
        #expect(try fixture.told() == "420 failed")
    }

    @Test func itNeverHoldsUpTheSlot() throws {
        let fixture = try Fixture([Self.noon()])
        fixture.simulator.sandbox.inject(
            FaultRule(.error(500, acts: false), operation: "validateProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 420, second: 30)
        #expect(try fixture.told() == "420 started")
        #expect(fixture.requests("validateProcess") > 2)
        // With a gap that grows to half an hour: hardly a dozen in six hours.
        #expect(fixture.requests("validateProcess") < 20)
        #expect(try fixture.alarms(.preflight) == [])
    }

    @Test func aScheduleThatFiresOftenIsCheckedOncePerPreflight() throws {
        let fixture = try Fixture([
            Fixture.schedule(every: 15) { $0.preflightMilliseconds = 6 * 3_600_000 }
        ])
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 12 * 60)
        #expect((2...3).contains(fixture.requests("validateProcess")))
        #expect(try fixture.slots().count == 48)
    }

    @Test func nothingIsAskedForWhatStartsNothing() throws {
        let fixture = try Fixture([
            Self.noon("paused"), Self.noon("observed") { $0.mode = .observe },
            Self.noon("off") { $0.enabled = false },
        ])
        try fixture.simulator.boot()
        fixture.simulator.command(.pause(schedule: "paused", until: nil, reason: "holiday"))
        try fixture.run(untilMinute: 400)
        #expect(fixture.requests("validateProcess") == 0)
        fixture.simulator.command(.resume(schedule: "paused"))
        try fixture.run(untilMinute: 410)
        #expect(fixture.requests("validateProcess") == 1)
    }

    @Test func aRefusedCredentialIsOneRowOfTheConnection() throws {
        let fixture = try Fixture([Self.noon("a"), Self.noon("b", process: "p2")])
        fixture.simulator.secrets["prod"] = "expired"
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 120)
        #expect(try fixture.ask("SELECT kind, subject FROM attention") == ["credential|prod"])
    }

    @Test func aGrantWithoutWriteAccessIsOneRowOfTheConnection() throws {
        let fixture = try Fixture([Self.noon("a"), Self.noon("b", process: "p2")]) { scenario in
            scenario.clients[0].scopes = ["file:read"]
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 120)
        let rows = try fixture.ask("SELECT kind, subject, what_to_do FROM attention")
        #expect(rows.count == 1)
        #expect(rows.first?.hasPrefix("scope|prod|the grant lacks file:write") == true)
        #expect(try fixture.ask("SELECT message FROM error_log") == ["the grant lacks file:write"])
        fixture.simulator.sandbox.scenario.clients[0].scopes = ["file:read", "file:write"]
        try fixture.run(untilMinute: 425)
        #expect(try fixture.ask("SELECT kind FROM attention") == [])
    }

    /// A thousand checks at one instant would be a burst of their own, ahead of the burst of starts.
    @Test func aThousandChecksAreSpreadOverTheirTimeAndStartsGoFirst() throws {
        var schedules = (0..<1000).map { Self.noon("n\($0)", process: "q\($0)") }
        schedules.append(
            Fixture.schedule("early", every: 60) { $0.overlap = .allow })
        let fixture = try Fixture(schedules) { scenario in
            for number in 0..<1000 {
                scenario.processes.append(
                    SandboxProcess(
                        id: "q\(number)", name: "Process \(number)",
                        root: .group(name: "All", parallel: false, children: [])))
            }
        }
        fixture.simulator.sandbox.log.keepsEntries = true
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 62)
        let entries = fixture.simulator.sandbox.log.entries
        let checks = entries.filter { $0.operation == "validateProcess" }
        // In the three hours from 06:00 there are 10.8 s for each.
        #expect(checks.count == 12)
        let planned = try fixture.ask(
            """
            SELECT count(DISTINCT next_at), max(next_at) - min(next_at)
            FROM preflights WHERE state = 'planned' AND schedule <> 'early'
            """)
        let told = try #require(planned.first?.split(separator: "|").compactMap { Int($0) })
        #expect(told[0] == 988 && (10_000_000...10_800_000).contains(told[1]))
        #expect(checks.allSatisfy { $0.at.seconds >= Self.boot + 3600 })
        let start = try #require(fixture.simulator.starts.first)
        #expect(start.at.since(Instant(seconds: Self.boot + 3600)) < 2_000)
        try fixture.check()
    }
}
