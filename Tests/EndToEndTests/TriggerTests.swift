import Foundation
import Loopback
import Sandbox
import Testing

/// `carillon trigger` through the real binary, the socket and the daemon.
@Suite("Triggers from the command line", .timeLimit(.minutes(30)))
struct TriggerTests {
    /// How a run of the process ends, and what `--wait` makes of it.
    struct Ending: CustomTestStringConvertible {
        let name: String
        let status: Int32
        let said: String
        var config = ""
        let change: @Sendable (inout Scenario) -> Void
        var testDescription: String { name }
    }

    static let endings = [
        Ending(name: "a run that succeeds: 0", status: 0, said: "started") { _ in },
        Ending(name: "a run that is cancelled: 1", status: 1, said: "the run ended: cancelled") {
            $0.processes[0].endings.complete = 0
            $0.processes[0].endings.cancelled = 1
        },
        Ending(name: "a run in error: 1", status: 1, said: "the run is error and needs a person") {
            $0.processes[0].endings.complete = 0
            $0.processes[0].endings.error = 1
        },
        Ending(name: "a start that is refused: 1", status: 1, said: "failed") {
            $0.faults = [FaultRule(.error(422, acts: false), operation: "runProcess")]
        },
        // The answer is lost, no run is found, and the user wants to decide himself.
        Ending(
            name: "a start that nobody can judge: 4", status: 4, said: "is held",
            config: "unknown_start = \"hold\""
        ) {
            $0.faults = [FaultRule(.lostBefore, operation: "runProcess")]
        },
    ]

    @Test("trigger --wait ends as its run does", arguments: endings)
    func waiting(ending: Ending) async throws {
        let world = World(change: ending.change)
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant + "\n" + ending.config)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let triggered = try await Program.run(
                Program.carillon, ["trigger", "distant", "--wait", "--config", site.config])
            #expect(triggered.status == ending.status, "said: \(triggered.errors)")
            #expect((triggered.output + triggered.errors).contains(ending.said))
            #expect(await life.stop().status == 0)
            #expect(try await site.ask("SELECT count(*) FROM history WHERE kind = 'manual'") == "1")
        }
    }

    @Test("A connection that is lost names the UUID for asking again, one that never stood doesn't")
    func lost() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let path = folder.path("control.sock")
        let daemon = try LoopbackListener(path: path) { _ = $0.readRequest() }
        let words = ["trigger", "distant", "--uuid", "0d7c", "--socket", path]
        let lost = try await Program.run(Program.carillon, words)
        #expect(lost.status == 5)
        #expect(lost.errors.contains("may have taken the command"), "said: \(lost.errors)")
        #expect(lost.errors.contains("add --uuid 0d7c"), "said: \(lost.errors)")
        daemon.stop()
        let refused = try await Program.run(Program.carillon, words)
        #expect(refused.status == 5)
        #expect(refused.errors.contains("no daemon listens"), "said: \(refused.errors)")
        #expect(!refused.errors.contains("--uuid"), "said: \(refused.errors)")
    }

    @Test("A daemon that hangs is waited for, visibly, and the command is carried out once")
    func hanging() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            kill(life.processID, SIGSTOP)
            let logs = try Folder()
            defer { logs.remove() }
            let command = try Program.start(
                Program.carillon, ["trigger", "distant", "--config", site.config],
                environment: [:], logs: logs)
            let said = await Patience.within(seconds: 60) {
                logs.text("errors").contains("waiting for the daemon at")
            }
            #expect(said, "said: \(logs.text("errors"))")
            kill(life.processID, SIGCONT)
            await command.ended()
            #expect(command.endStatus == 0, "said: \(logs.text("errors"))")
            let isStarted = try await life.turns {
                try await site.ask("SELECT disposition FROM history WHERE kind = 'manual'")
                    == "started"
            }
            #expect(isStarted)
            #expect(await life.stop().status == 0)
            #expect(try await site.ask("SELECT count(*) FROM history WHERE kind = 'manual'") == "1")
            #expect(world.runIDs.count == 1)
        }
    }
}

/// Asks again and again, for a bounded time.
enum Patience {
    private static let askedMin = 100

    /// Whether the condition holds before the time is over.
    static func within(
        seconds: Int, _ isMet: () async throws -> Bool
    ) async rethrows -> Bool {
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        var asked = 0
        // Time alone is no reason: a busy machine may have let none of us run before the deadline.
        while ContinuousClock.now < deadline || asked < askedMin {
            if try await isMet() { return true }
            asked += 1
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}
