// Starting a program takes C arrays of its words; each `unsafe` is a call that borrows what we own.
import Console
import Foundation
import Glibc
import Synchronization

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

    /// No program that ends by itself takes longer, on a machine however slow.
    static let patienceSeconds: Int64 = 120

    /// Runs a program to its end; one that takes over two minutes is killed, with the status -1.
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
        let status = await program.status()
        return Outcome(
            status: status, output: folder.text("output"), errors: folder.text("errors"))
    }

    /// Starts a program whose output goes to `output` and `errors` in a folder.
    static func start(
        _ path: String, _ arguments: [String], environment: [String: String], logs: Folder,
        onEnd: @escaping @Sendable () -> Void = {}
    ) throws -> RunningProgram {
        try RunningProgram(path, arguments, environment: environment, logs: logs, onEnd: onEnd)
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
}

/// A program that runs.
///
/// Not Foundation's `Process`: that one hears of all ends on one thread, which waits for one program
/// after the other, and through sockets that programs inherit. Here each has a thread that waits for
/// it, and a program gets its three files and nothing else of ours.
final class RunningProgram: Sendable {
    /// Its process id.
    let id: Int32
    private let ending = Ending()
    private let exits: AsyncStream<Void>

    /// How it ended, as soon as it has; a signal is sent only while the process id is its own.
    private final class Ending: Sendable {
        private let known = Mutex<Int32?>(nil)

        var status: Int32? { known.withLock { $0 } }

        func send(_ signal: Int32, to id: Int32) {
            known.withLock { status in
                if status == nil { _ = Glibc.kill(id, signal) }
            }
        }

        func wait(for id: Int32) {
            var info = unsafe siginfo_t()
            // Ended, but not reaped: the process id can't become another's before the lock is held.
            while unsafe waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            known.withLock { status in
                var word: Int32 = 0
                while unsafe waitpid(id, &word, 0) < 0, errno == EINTR {}
                // As WIFSIGNALED, WTERMSIG and WEXITSTATUS have it, which are macros.
                status = word & 0x7F == 0 ? word >> 8 & 0xFF : word & 0x7F
            }
        }
    }

    /// Starts it; its input is empty, and what it writes goes to files: a full pipe would stop it.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], logs: Folder,
        onEnd: @escaping @Sendable () -> Void
    ) throws {
        id = try Self.spawn(path, arguments, environment: environment, logs: logs)
        let (exits, exit) = AsyncStream.makeStream(of: Void.self)
        self.exits = exits
        Thread.detachNewThread { [id, ending] in
            ending.wait(for: id)
            onEnd()
            exit.finish()
        }
    }

    deinit { ending.send(SIGKILL, to: id) }

    var isRunning: Bool { ending.status == nil }

    /// The exit status or the signal that ended it; nil while it runs.
    var endStatus: Int32? { ending.status }

    /// Returns when the program has ended.
    func ended() async {
        for await _ in exits {}
    }

    /// Waits for the end and kills what takes longer than any program may, or whose test was
    /// cancelled.
    ///
    /// - Returns: The exit status or the signal that ended it; -1 if it had to be killed.
    func status() async -> Int32 {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.ended() }
            tasks.addTask { try? await Task.sleep(for: .seconds(Program.patienceSeconds)) }
            await tasks.next()
            tasks.cancelAll()
        }
        // Asked last: on a busy machine both may be over, and the clock be heard of first.
        if let status = ending.status { return status }
        await stop(SIGKILL)
        return -1
    }

    /// Sends a signal, unless it has ended.
    func send(_ signal: Int32) { ending.send(signal, to: id) }

    /// Sends a signal and waits for the end.
    func stop(_ signal: Int32) async {
        send(signal)
        // Also in a task that was cancelled, in which a stream ends at once.
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [ending] in
                while ending.status == nil { usleep(1_000) }
                continuation.resume()
            }
        }
    }

    private static func spawn(
        _ path: String, _ arguments: [String], environment: [String: String], logs: Folder
    ) throws -> Int32 {
        var files = unsafe posix_spawn_file_actions_t()
        var habits = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&files)
        unsafe posix_spawnattr_init(&habits)
        let words = unsafe CWords([path] + arguments)
        let variables = unsafe CWords(environment.map { "\($0)=\($1)" })
        defer {
            unsafe posix_spawn_file_actions_destroy(&files)
            unsafe posix_spawnattr_destroy(&habits)
            unsafe words.free()
            unsafe variables.free()
        }
        unsafe posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        for (number, name) in [(Int32(1), "output"), (2, "errors")] {
            unsafe posix_spawn_file_actions_addopen(
                &files, number, logs.path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        }
        // All that may be open here; what isn't is passed over.
        for number in Int32(3)..<1024 {
            unsafe posix_spawn_file_actions_addclose(&files, number)
        }
        // A group of its own, and no signal blocked: the threads of a test's tasks block most.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&habits, &none)
        unsafe posix_spawnattr_setflags(
            &habits, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var id: Int32 = 0
        let failure = unsafe posix_spawn(
            &id, path, &files, &habits, words.pointers, variables.pointers)
        guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EIO) }
        return id
    }
}

/// Words as C wants them: copies, with a null behind the last.
@unsafe private struct CWords {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ words: [String]) {
        unsafe pointers = words.map { unsafe strdup($0) } + [nil]
    }

    func free() {
        unsafe pointers.forEach { unsafe Glibc.free($0) }
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
