import Foundation

/// What a program left behind.
struct Outcome: Sendable {
    let status: Int32
    let output: String
    let errors: String
}

/// The real programs: our binary, as built beside these tests, and sqlite3.
enum Program {
    /// `carillon` in the folder of the test bundle.
    static let carillon = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "carillon").path

    /// Runs a program to its end; one that takes over half a minute is killed, with the status -1.
    ///
    /// - Parameters:
    ///   - path: The program.
    ///   - arguments: Its arguments.
    ///   - environment: All of its variables.
    /// - Returns: Its exit status and what it wrote.
    /// - Throws: If it can't be started.
    static func run(
        _ path: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Outcome {
        let folder = try Folder()
        defer { folder.remove() }
        let program = try start(path, arguments, environment: environment, logs: folder)
        let status = await program.status(withinSeconds: 30)
        return Outcome(
            status: status, output: folder.text("output"), errors: folder.text("errors"))
    }

    /// Starts a program whose output goes to `output` and `errors` in a folder.
    static func start(
        _ path: String, _ arguments: [String], environment: [String: String], logs: Folder,
        onEnd: @escaping @Sendable () -> Void = {}
    ) throws -> RunningProgram {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        // Files, not pipes: a full pipe would stop the program.
        process.standardOutput = try folderHandle(logs.path("output"))
        process.standardError = try folderHandle(logs.path("errors"))
        return try RunningProgram(process, onEnd: onEnd)
    }

    /// One value from a database, read as any user reads it.
    static func ask(
        _ database: String, _ sql: String, under wrapper: [String] = []
    ) async throws -> String {
        let words = wrapper + ["/usr/bin/sqlite3", "-readonly", "-bail", database, sql]
        let outcome = try await run(words[0], Array(words.dropFirst()))
        guard outcome.status == 0 else { return "error: " + outcome.errors }
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    private static func folderHandle(_ path: String) throws -> FileHandle {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        return try FileHandle(forWritingTo: URL(filePath: path))
    }
}

/// A program that runs.
final class RunningProgram: Sendable {
    let process: Process
    private let exits: AsyncStream<Void>

    init(_ process: Process, onEnd: @escaping @Sendable () -> Void) throws {
        self.process = process
        let (exits, exit) = AsyncStream.makeStream(of: Void.self)
        self.exits = exits
        process.terminationHandler = { _ in
            onEnd()
            exit.finish()
        }
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Returns when the program has ended.
    func ended() async {
        for await _ in exits {}
    }

    /// Waits for the end and kills what takes longer, or whose test was cancelled.
    ///
    /// - Parameter seconds: How long it may take.
    /// - Returns: The exit status or the signal that ended it; -1 if it had to be killed.
    func status(withinSeconds seconds: Int64) async -> Int32 {
        let isOver = await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                await self.ended()
                return true
            }
            tasks.addTask {
                try? await Task.sleep(for: .seconds(seconds))
                return false
            }
            let first = await tasks.next() ?? false
            tasks.cancelAll()
            return first
        }
        guard isOver, !process.isRunning else {
            kill(process.processIdentifier, SIGKILL)
            return -1
        }
        return process.terminationStatus
    }

    /// Sends a signal and waits for the end.
    func stop(_ signal: Int32) async {
        kill(process.processIdentifier, signal)
        await ended()
    }
}

/// A folder of its own for a test.
struct Folder: Sendable {
    let root: String

    init() throws {
        root = "/tmp/carillon-e2e-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
    }

    func path(_ name: String) -> String { root + "/" + name }

    func text(_ name: String) -> String {
        (try? String(contentsOfFile: path(name), encoding: .utf8)) ?? ""
    }

    func write(_ text: String, to name: String, mode: Int = 0o600) throws {
        try text.write(toFile: path(name), atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: path(name))
    }

    func remove() { try? FileManager.default.removeItem(atPath: root) }
}
