import Foundation
import Logging
import ProcessesAPI
import Sandbox
import Testing
import Timetable

/// A folder with a config, a secret and a place for the ledger.
struct Site {
    let folder: Folder
    /// Where the ledger is: the folder itself, unless a test puts it on a file system of its own.
    let home: String
    var config: String { folder.path("carillon.toml") }
    var database: String { home + "/carillon.db" }
    /// Further lines of `[daemon]`.
    let daemon: String

    /// Process ids of the sandbox's world.
    static let process = "51bcc3ec3d0b4aadb69659e2a7ed767b"
    static let other = "0c9a4b7e2f5d4f61a3b8c7d6e5f40312"

    /// Writes a config that is right; tests make it wrong.
    ///
    /// - Parameters:
    ///   - port: Where the API is.
    ///   - schedules: The schedules' tables.
    ///   - daemon: Further lines of `[daemon]`.
    ///   - home: A folder in the site's for the ledger, to mount something over.
    /// - Throws: What the file system says.
    init(
        port: Int, schedules: String = Site.hourly, daemon: String = "", home: String = ""
    ) throws {
        folder = try Folder()
        self.home = home.isEmpty ? folder.root : folder.path(home)
        try FileManager.default.createDirectory(
            atPath: self.home, withIntermediateDirectories: true)
        self.daemon = daemon
        try folder.write("sandbox-secret\n", to: "secret")
        try writeConfig(port: port, schedules: schedules)
    }

    static let hourly = """
        [schedules.hourly]
        process = "\(process)"
        every = "1h"
        """

    /// A schedule that each life starts at once.
    static let atBoot = """
        [schedules.boot]
        process = "\(process)"
        cron = "@reboot"
        """

    /// A config of many connections, each in a section of its own, that tries again at once.
    static func config(in folder: Folder, _ sections: [String]) -> String {
        """
        version = 1
        [daemon]
        database = "\(folder.path("carillon.db"))"
        control_socket = "\(folder.path("control.sock"))"
        [defaults]
        timezone = "UTC"
        preflight = "0s"
        retry = { base = "1s", cap = "1s" }
        \(sections.joined(separator: "\n"))
        """
    }

    /// A schedule that no test lives to see: only triggers start it.
    static let distant = """
        [schedules.distant]
        process = "\(process)"
        cron = "0 0 6 1 1 * 2099"
        """

    /// Replaces the config.
    ///
    /// The request of a daemon that was killed may be on its way for as long as the next one takes
    /// to start, and for `request_window` and `settle_within` after that.
    func writeConfig(port: Int, schedules: String) throws {
        try folder.write(
            """
            version = 1
            [daemon]
            database = "\(database)"
            control_socket = "\(folder.path("control.sock"))"
            \(daemon)
            [connections.sandbox]
            base_url = "http://127.0.0.1:\(port)"
            api_version = "2026-04-01.processes.preview"
            client_id = "sandbox-client"
            client_secret = { file = "\(folder.path("secret"))" }
            rate = { requests = 1000, per = "10s" }
            request_window = "1s"
            settle_within = "4s"
            look_patience = "5s"
            probe_every = "1s"
            [defaults]
            connection = "sandbox"
            timezone = "UTC"
            preflight = "0s"
            overlap = "allow"
            retry = { base = "1s", cap = "1s" }
            poll = { min = "1s", max = "2s" }
            \(schedules)
            """, to: "carillon.toml")
    }

    /// Replaces words of the config.
    func edit(_ words: String, to others: String) throws {
        let text = folder.text("carillon.toml")
        try folder.write(
            text.replacingOccurrences(of: words, with: others), to: "carillon.toml")
    }

    /// One value from the ledger, seen from a place if it lies on a file system of that place.
    func ask(_ sql: String, from place: Place? = nil) async throws -> String {
        try await Program.ask(database, sql, under: place?.entrance ?? [])
    }

    func remove() { folder.remove() }
}

/// The sandbox's world behind a real port, in this process: what it did is the truth.
struct World {
    let sandbox: SharedSandbox

    /// Two processes whose runs take about half a second.
    ///
    /// - Parameters:
    ///   - faults: What goes wrong from the beginning.
    ///   - change: Other habits of the API and its processes.
    init(faults: [FaultRule] = [], change: (inout Scenario) -> Void = { _ in }) {
        var scenario = Scenario()
        scenario.faults = faults
        scenario.processes = [Site.process, Site.other].map { id in
            let job = SandboxJob(
                .sendTask, title: "Do it", durationMilliseconds: 200...500)
            return SandboxProcess(
                id: id, name: "Process \(id.prefix(4))",
                root: .group(name: "Root", parallel: false, children: [.job(job)]))
        }
        change(&scenario)
        sandbox = SharedSandbox(SandboxState(seed: 7, scenario: scenario))
    }

    /// Serves while the story runs.
    ///
    /// - Parameters:
    ///   - port: 0 for any.
    ///   - story: Gets the port.
    /// - Throws: What the story throws.
    func serving(
        port: Int = 0, _ story: (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let server = SandboxServer(
            sandbox, port: port, now: World.now,
            sleep: { try await Task.sleep(for: .milliseconds($0)) },
            logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() },
            listening: { announce.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { announce.finish() }
                try await server.run()
            }
            var isServing = false
            for await port in ports {
                isServing = true
                try await story(port)
                break
            }
            #expect(isServing, "the API can't listen at port \(port)")
            tasks.cancelAll()
            // Cancelled on purpose; what the story threw has been thrown already.
            while (try? await tasks.next()) != nil {}
        }
    }

    /// Ids of all runs that exist.
    var runIDs: [String] { sandbox.withState { state in state.runs.map(\.id) } }

    /// Process ids of all runs, by their ids.
    var book: [String: String] {
        sandbox.withState { state in
            Dictionary(uniqueKeysWithValues: state.runs.map { ($0.id, $0.process) })
        }
    }

    /// When runs were created, for the words of a failure.
    func story(of ids: [String]) -> String {
        sandbox.withState { state in
            state.runs.filter { ids.contains($0.id) }
                .map { "\($0.id) created at \($0.createdAt.milliseconds)" }
                .joined(separator: ", ")
        }
    }

    /// How many start requests have arrived.
    var starts: Int {
        sandbox.withState { $0.log.requestsByOperation["runProcess"] ?? 0 }
    }

    /// How many requests of any kind have arrived.
    var requests: Int {
        sandbox.withState { $0.log.requestsByOperation.values.reduce(0, +) }
    }

    /// From now on nothing goes wrong.
    func heal() { sandbox.withState { $0.removeFaults() } }

    private static func now() -> Instant {
        Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
}
