import ConfigFixtures
import Logging
import Sandbox
import Timetable

/// A sandbox on a loopback port, and a host in memory whose config points to it.
struct SandboxSite {
    var scenario = Scenario()
    var secret = "sandbox-secret"
    var version = "2026-04-01.processes.preview"
    var schedules = ""
    /// How the config names the secret, and what else the host has.
    var reference = "{ file = \"/secret\" }"
    var files: [String: String] = [:]
    var forbidden: Set<String> = []
    var variables: [String: String] = [:]

    /// Processes without any work, by id and name.
    init(_ processes: (id: String, name: String)...) {
        scenario.processes = processes.map { id, name in
            SandboxProcess(
                id: id, name: name, root: .group(name: "Root", parallel: false, children: []))
        }
    }

    /// Runs a command line against it.
    func carillon(
        _ arguments: String..., before: (inout SandboxState) -> Void = { _ in }
    ) async -> (status: Int32, output: String, errors: String) {
        await carillon(arguments: arguments, before: before)
    }

    /// The same for a list.
    func carillon(
        arguments: [String], before: (inout SandboxState) -> Void = { _ in }
    ) async -> (status: Int32, output: String, errors: String) {
        let now = Instant(seconds: 1_781_524_800)
        var state = SandboxState(seed: 5, scenario: scenario)
        before(&state)
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let server = SandboxServer(
            SharedSandbox(state), port: 0, now: { now }, sleep: { _ in },
            logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() },
            listening: { announce.yield($0) })
        return await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { announce.finish() }
                try await server.run()
            }
            var port = 0
            for await number in ports {
                port = number
                break
            }
            let run = await CommandTests.carillon(
                arguments: arguments + ["--config", "/c/carillon.toml"], host: host(port: port))
            tasks.cancelAll()
            while (try? await tasks.next()) != nil {}
            return run
        }
    }

    /// The host of a config whose API is at the port.
    func host(port: Int) -> MemoryHost {
        var host = MemoryHost([
            "/c/carillon.toml": """
            version = 1
            [connections.prod]
            base_url = "http://127.0.0.1:\(port)"
            api_version = "\(version)"
            client_id = "sandbox-client"
            client_secret = \(reference)
            [defaults]
            timezone = "America/New_York"
            \(schedules)
            """, "/secret": secret,
        ])
        host.files.merge(files) { $1 }
        host.forbidden = forbidden
        host.variables = variables
        return host
    }
}
