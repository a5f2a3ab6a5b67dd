import Dashboard
import Engine
import Foundation
import Logging
import Synchronization
import Testing
import Timetable
import carillon

/// The verbs against a real control socket with a daemon of the test's making behind it.
@Suite struct ControlCommandTests {
    /// What a run of a verb sent and said.
    private struct Exchange {
        var messages: [ControlMessage]
        var status: Int32
        var output: String
        var errors: String
    }

    private func exchange(
        _ arguments: [String],
        answer: ControlAnswer = ControlAnswer(exitCode: 0, message: "done")
    ) async throws -> Exchange {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("c-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("control.sock").path
        let messages = Mutex<[ControlMessage]>([])
        let (running, signal) = AsyncStream<Void>.makeStream()
        let server = ControlServer(
            path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onRunning: { signal.yield() }
        ) { request in
            let message = try? JSONDecoder().decode(
                ControlMessage.self, from: Data(request.command))
            if let message { messages.withLock { $0.append(message) } }
            let body = (try? JSONEncoder().encode(answer)) ?? Data()
            return ControlResponse(status: answer.exitCode == 0 ? 200 : 409, body: Array(body))
        }
        let run = await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await _ in running { break }
            // However long the answer takes, the time after which waiting is told never passes.
            let run = await carillon(
                arguments: arguments + ["--socket", path],
                sleep: { _ in try? await Task.sleep(for: .seconds(86_400)) })
            group.cancelAll()
            return run
        }
        return Exchange(
            messages: messages.withLock { $0 }, status: run.status, output: run.output,
            errors: run.errors)
    }

    @Test func triggerOfASlotAndBackfillSendTheirInstants() async throws {
        let slot = try await exchange(
            ["trigger", "gl", "--slot", "2026-11-27T06:00:00-05:00", "--uuid", "u"])
        #expect(slot.messages.first?.verb == "make-up")
        #expect(slot.messages.first?.at == "2026-11-27T11:00:00Z")
        #expect(
            try slot.messages.first?.command()
                == .makeUp(
                    schedule: "gl", slotAt: try #require(Instant(iso8601: "2026-11-27T11:00:00Z")),
                    uuid: "u", force: false, reason: ""))
        let range = [
            "backfill", "gl", "--from", "2026-11-27T00:00:00Z", "--to", "2026-11-28T00:00:00Z",
        ]
        let done = try await exchange(range + ["--yes", "--reason", "missed"])
        #expect(
            try done.messages.first?.command()
                == .backfill(
                    schedule: "gl", from: try #require(Instant(iso8601: "2026-11-27T00:00:00Z")),
                    through: try #require(Instant(iso8601: "2026-11-28T00:00:00Z")),
                    takesSkipped: false, reason: "missed"))
        let backwards = try await exchange([
            "backfill", "gl", "--from", "2026-11-28T00:00:00Z", "--to", "2026-11-27T00:00:00Z",
            "--yes",
        ])
        #expect(backwards.status == 2)
        #expect(backwards.messages.isEmpty)
    }

    @Test func triggerSendsAUUIDAndPrintsTheAnswer() async throws {
        let found = try await exchange(
            ["trigger", "gl", "--reason", "late entries", "--force"],
            answer: ControlAnswer(exitCode: 0, message: "slot 7 of gl", slotID: 7))
        #expect(found.status == 0)
        #expect(found.output == "slot 7 of gl\n")
        var message = ControlMessage(verb: "trigger")
        message.schedule = "gl"
        message.reason = "late entries"
        message.force = true
        message.uuid = "00000000-0000-4000-8000-000000000001"
        #expect(found.messages == [message])
        #expect(
            try found.messages[0].command()
                == .trigger(
                    schedule: "gl", uuid: "00000000-0000-4000-8000-000000000001", force: true,
                    reason: "late entries"))
    }

    static let verbs: [(arguments: [String], verb: String)] = [
        (["pause", "gl", "--until", "2026-12-24T18:00:00Z", "--reason", "freeze"], "pause"),
        (["pause", "--all"], "pause"), (["resume", "--all"], "resume"),
        (["skip", "gl", "--at", "2026-12-24T06:00:00+01:00"], "skip"),
        (["resolve", "12", "--drop"], "resolve"), (["resolve", "12", "--run", "r1"], "resolve"),
        (["unblock", "prod"], "unblock"), (["drain", "--reason", "x"], "drain"),
        (["reload"], "reload"), (["prune", "--older-than", "400d"], "prune"),
    ]

    @Test(arguments: verbs)
    func everyVerbIsUnderstoodByTheDaemon(arguments: [String], verb: String) async throws {
        let found = try await exchange(arguments)
        #expect(found.status == 0, "said: \(found.errors)")
        #expect(found.messages.map(\.verb) == [verb])
        #expect(try found.messages[0].command() != nil || verb == "reload")
    }

    @Test(arguments: [Int32(1), 2, 3, 4, 75])
    func theAnswersExitCodeIsTheVerbs(code: Int32) async throws {
        let found = try await exchange(
            ["unblock", "prod"], answer: ControlAnswer(exitCode: code, message: "no\u{1B}[0m"))
        #expect(found.status == code)
        #expect(found.output.isEmpty)
        #expect(found.errors == "carillon: no\\u{1b}[0m\n")
    }

    @Test func jsonCarriesTheAnswer() async throws {
        let found = try await exchange(
            ["trigger", "gl", "--json"],
            answer: ControlAnswer(exitCode: 4, message: "a run is open", slotID: 3))
        #expect(found.status == 4)
        #expect(
            found.output
                == "{\"exit_code\": 4, \"message\": \"a run is open\", \"slot_id\": 3}\n")
        #expect(found.errors.isEmpty)
    }

    @Test(arguments: ["400", "1h", "-3d", "99999999d", "old"])
    func onlyWholeDaysOfHistoryAreRemoved(age: String) async throws {
        let found = try await exchange(["prune", "--older-than=\(age)"])
        #expect(found.status == 2)
        #expect(found.errors.contains("--older-than \(age): write 400d; at least 1d"))
        #expect(found.messages.isEmpty)
    }

    @Test func ageIsCountedFromNow() async throws {
        let found = try await exchange(["prune", "--older-than", "14d", "--reason", "x"])
        #expect(found.messages.first?.until == "2026-06-01T12:00:00Z")
        #expect(found.messages.first?.reason == "x")
    }

    @Test func timesAreLocalToTheSchedulesZone() async throws {
        let fixture = try LedgerFixture()
        let found = try await exchange(
            ["skip", "close", "--at", "2026-06-16T07:00", "--database", fixture.path])
        #expect(found.messages.first?.at == "2026-06-16T11:00:00Z")
    }

    @Test func slotsAreNamedByTheirTimeToo() async throws {
        let fixture = try LedgerFixture()
        let found = try await exchange(
            ["resolve", "close@2026-06-15T07:00", "--start", "--database", fixture.path])
        #expect(found.messages.first?.slot == 3)
        let none = try await exchange(
            ["resolve", "close@2026-06-15T08:00", "--start", "--database", fixture.path])
        #expect(none.status == 3)
    }

    @Test(arguments: [
        (["pause", "--tag", "close", "--until", "2026-06-16T07:00"], "pause"),
        (["resume", "--tag", "close"], "resume"), (["trigger", "--tag", "close"], "trigger"),
        (["skip", "--tag", "close", "--at", "2026-06-16T07:00"], "skip"),
    ])
    func aTagMeansEachScheduleThatCarriesIt(arguments: [String], verb: String) async throws {
        let fixture = try LedgerFixture()
        try fixture.execute(
            "UPDATE schedule_states SET tags = '[\"finance\",\"close\"]' "
                + "WHERE schedule IN ('close', 'gl')")
        let found = try await exchange(arguments + ["--database", fixture.path])
        #expect(found.status == 0)
        #expect(found.messages.map(\.verb) == [verb, verb])
        #expect(found.messages.map(\.schedule) == ["close", "gl"])
        #expect(found.output == "close: done\ngl: done\n")
        // Local to each schedule's own zone.
        if verb == "skip" {
            #expect(
                found.messages.map(\.at) == ["2026-06-16T11:00:00Z", "2026-06-16T07:00:00Z"])
        }
        let uuid = "00000000-0000-4000-8000-000000000001"
        #expect(
            found.messages.map(\.uuid)
                == (verb == "trigger" ? ["\(uuid)/close", "\(uuid)/gl"] : [nil, nil]))
    }

    @Test func aTagThatNobodyCarriesAndRefusals() async throws {
        let fixture = try LedgerFixture()
        try fixture.execute(
            "UPDATE schedule_states SET tags = '[\"close\"]' WHERE schedule IN ('close', 'gl')")
        let none = try await exchange(["pause", "--tag", "clsoe", "--database", fixture.path])
        #expect(none.status == 3 && none.messages.isEmpty)
        #expect(none.errors.contains("no schedule has the tag \"clsoe\"; did you mean \"close\"?"))
        let refused = try await exchange(
            ["trigger", "--tag", "close", "--database", fixture.path],
            answer: ControlAnswer(exitCode: 4, message: "a run is open"))
        #expect(refused.status == 4 && refused.messages.count == 2)
        #expect(refused.errors.contains("close: a run is open\ngl: a run is open\n"))
        #expect(refused.errors.contains("2 schedules of 2 with the tag \"close\" refused it"))
        for arguments in [
            ["pause"], ["pause", "gl", "--tag", "x"], ["resume", "--all", "--tag", "x"],
            ["trigger"],
            ["skip", "--at", "06:00"],
        ] {
            #expect(await carillon(arguments: arguments).status == 2, "\(arguments)")
        }
    }

    /// The same UUID again means the same start for each schedule, whatever came in between.
    @Test func aTagThatBreaksOffSaysHowToGoOn() async throws {
        let fixture = try LedgerFixture()
        try fixture.execute(
            "UPDATE schedule_states SET tags = '[\"close\"]' WHERE schedule IN ('close', 'gl')")
        let verb = ["trigger", "--tag", "close", "--database", fixture.path]
        let broken = await carillon(arguments: verb + ["--socket", "/nowhere/control.sock"])
        #expect(broken.status == 5)
        let advice =
            "to ask all again without starting twice, add --uuid "
            + "00000000-0000-4000-8000-000000000001"
        #expect(broken.errors.contains("close: no daemon listens at /nowhere/control.sock"))
        #expect(broken.errors.contains("; not asked: gl; \(advice)"))
        #expect(broken.errors.components(separatedBy: "--uuid").count == 2)
        let busy = try await exchange(
            verb, answer: ControlAnswer(exitCode: 75, message: "disk full"))
        #expect(busy.status == 75 && busy.messages.count == 2)
        #expect(busy.errors.contains("close: disk full\ngl: disk full\n"))
        #expect(busy.errors.components(separatedBy: advice).count == 2)
        let script = try await exchange(
            verb + ["--json"], answer: ControlAnswer(exitCode: 75, message: "disk full"))
        #expect(script.status == 75 && script.errors.contains(advice))
        let again = try await exchange(verb + ["--uuid", "u"])
        #expect(again.messages.map(\.uuid) == ["u/close", "u/gl"])
        let paused = await carillon(
            arguments: ["pause", "--tag", "close", "--database", fixture.path, "--json"]
                + ["--socket", "/nowhere/control.sock"])
        #expect(paused.output == "[]\n" && !paused.errors.contains("--uuid"))
    }

    @Test func withoutADaemonItEndsWithFive() async {
        let found = await carillon("unblock", "prod", "--socket", "/nowhere/control.sock")
        #expect(found.status == 5)
        #expect(
            found.errors.contains(
                "no daemon listens at /nowhere/control.sock: is carillon running?"))
    }

    @Test(arguments: [
        ["pause"], ["pause", "gl", "--all"], ["resolve", "12"],
        ["resolve", "12", "--start", "--drop"], ["resolve", "twelve", "--drop"], ["trigger"],
        ["skip", "gl"],
    ])
    func wrongUseEndsWithTwo(arguments: [String]) async {
        #expect(await carillon(arguments: arguments + ["--socket", "/nowhere"]).status == 2)
    }
}
