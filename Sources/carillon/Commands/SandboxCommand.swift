import ArgumentParser
import Console
import Engine
import Logging
import Sandbox
import Timetable

/// `carillon sandbox`: a Processes API to develop against.
struct SandboxCommand: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Serve a Processes API on this machine to develop and test against.",
        discussion: """
            Speaks both API versions on 127.0.0.1: token, list, get, validate, run and get run, with \
            trees of jobs whose statuses advance with time. Five sample processes are there unless a \
            scenario file says otherwise; it can also say what goes wrong (lost answers, 429, 500 …).

            Client id sandbox-client, secret sandbox-secret. Stop it with ^C.

              carillon sandbox --port 8080
            """)

    @Option(name: .long, help: ArgumentHelp("Where to listen; 0: any free port.", valueName: "N"))
    var port = 8080

    @Option(name: .long, help: ArgumentHelp("A scenario in JSON.", valueName: "FILE"))
    var scenario: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The same number makes the same happen again.", valueName: "N"))
    var seed: UInt64?

    func validate() throws {
        guard (0...65535).contains(port) else {
            throw ValidationError("--port \(port) is no port: 0 to 65535")
        }
    }

    func run(in environment: CommandEnvironment) async throws {
        let world = try readScenario(environment)
        let shared = SharedSandbox(
            SandboxState(seed: seed ?? SystemProcess.seed(), scenario: world))
        let server = SandboxServer(
            shared, port: port, now: environment.now,
            sleep: { await SystemClock().sleep(milliseconds: $0) },
            logger: DaemonLog.logger(
                level: .warning, now: environment.now, write: { environment.note($0) }),
            listening: { port in
                environment.line("Processes API on http://127.0.0.1:\(port), stop with ^C")
                for process in world.processes {
                    environment.line("  process \(process.id)  \(process.name)")
                }
            })
        do {
            try await Interruptible.run(server)
        } catch {
            throw CommandFailure(.failed, "the sandbox can't listen on port \(port): \(error)")
        }
        environment.line(shared.withState { state in Self.sum(state.log) })
    }

    /// What was asked of it, for who tries something out.
    private static func sum(_ log: SandboxLog) -> String {
        let starts = log.requestsByOperation["runProcess"] ?? 0
        return Words.count(starts, "start") + " in "
            + Words.count(log.requests, "request") + ", of which \(log.lost) got no answer"
    }

    private func readScenario(_ environment: CommandEnvironment) throws -> Scenario {
        guard let scenario else { return .sample }
        do {
            return try Scenario(json: environment.host.read(scenario, limit: 16 << 20))
        } catch let error as HostFileFailure {
            throw CommandFailure(.usage, "\(scenario): \(error.reason)")
        } catch {
            throw CommandFailure(.usage, "\(scenario): \(error)")
        }
    }
}
