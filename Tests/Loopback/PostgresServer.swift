import Foundation
import Glibc

/// A PostgreSQL of a test's own, at a free port of loopback.
///
/// It is in a scratch folder, and runs as a user without rights, since it refuses to be root. It ends,
/// and its folder goes, with `stop` or with this process.
package final class PostgresServer: Sendable {
    private let place: ReservedPort
    private let folder: String
    private let wrapper: [String]
    private let leash: Pipe
    private let warden: Process

    package var port: Int { place.number }
    private var data: String { folder + "/data" }

    /// Where the newest one's programs are; nil: none is installed.
    private static let programs: String? = {
        let versions =
            (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        return versions.compactMap { Int($0) }.filter { $0 >= 13 }.sorted()
            .map { "/usr/lib/postgresql/\($0)/bin" }
            .last { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }()

    package static let isInstalled = programs != nil

    /// The one that a suite has started for its tests.
    @TaskLocal package static var current: PostgresServer?

    /// Makes the files and starts it; returns when it takes connections.
    ///
    /// - Parameter logins: lines that come first in its `pg_hba.conf`; behind them everybody is trusted.
    /// - Throws: where it is not installed, or can't be started.
    package init(logins: [String] = []) throws {
        place = try ReservedPort()
        folder = Self.scratch().appendingPathComponent("carillon-pg-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        wrapper = try Self.servant(for: folder)
        leash = Pipe()
        warden = Process()
        // Its input ends when this process lets go of it, whatever way it ends.
        warden.executableURL = URL(fileURLWithPath: "/bin/sh")
        let stopping = (wrapper + [Self.program("pg_ctl")]).joined(separator: " ")
        warden.arguments = [
            "-c",
            "cat; \(stopping) stop -D \"$1/data\" -m immediate >/dev/null 2>&1; rm -rf \"$1\"",
            "warden", folder,
        ]
        warden.standardInput = leash
        try warden.run()
        try run([
            Self.program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync", "--no-instructions",
        ])
        let trust = "host all all 127.0.0.1/32 trust"
        try (logins + [trust, ""]).joined(separator: "\n").write(
            toFile: data + "/pg_hba.conf", atomically: false, encoding: .utf8)
        try start()
    }

    /// Starts it anew, and returns when it takes connections.
    package func start() throws {
        let options = [
            "-p \(port)", "-c listen_addresses=127.0.0.1", "-c unix_socket_directories=''",
            "-c fsync=off", "-c shared_buffers=16MB", "-c max_connections=60", "-c autovacuum=off",
        ]
        // Foundation takes a program for running as long as somebody holds a descriptor of its own
        // that it leaves open: the server, which stays, must not.
        let closing = """
            for fd in /proc/self/fd/*; do fd=${fd##*/}; [ $fd -le 2 ] || eval "exec $fd>&-"; done
            exec "$@"
            """
        try run([
            "/bin/bash", "-c", closing, "bash", Self.program("pg_ctl"), "start", "-D", data, "-w",
            "-t", "60", "-l", folder + "/log",
            "-o", options.joined(separator: " "),
        ])
    }

    /// Ends it as a crash would, with a note to whoever is connected.
    package func stopAtOnce() throws {
        try run([Self.program("pg_ctl"), "stop", "-D", data, "-m", "immediate", "-w"])
    }

    /// Ends it for good, and removes its files.
    package func stop() {
        try? leash.fileHandleForWriting.close()
        warden.waitUntilExit()
        place.release()
    }

    /// Stops all of its processes where they are, or lets them go on.
    package func freeze(_ isFrozen: Bool) {
        let text = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
        guard let first = text?.split(separator: "\n").first, let main = Int32(first) else {
            return
        }
        for process in [main] + Self.children(of: main) {
            kill(process, isFrozen ? SIGSTOP : SIGCONT)
        }
    }

    /// What the server says to statements of its master's.
    ///
    /// - Parameters:
    ///   - statements: one after another.
    ///   - database: where.
    /// - Returns: rows without decoration.
    /// - Throws: if one of them fails.
    @discardableResult package func ask(
        _ statements: String..., in database: String = "postgres"
    ) throws -> String {
        let login = "host=127.0.0.1 port=\(port) user=postgres dbname=\(database)"
        return try Self.run(
            [Self.program("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", login]
                + statements.flatMap { ["-c", $0] })
    }

    // MARK: Programs

    private static func program(_ name: String) -> String { (programs ?? "") + "/" + name }

    /// A folder into which a user without rights can come.
    private static func scratch() -> URL {
        let own = FileManager.default.temporaryDirectory
        let isOpen = sequence(first: own.path) {
            $0 == "/" ? nil : ($0 as NSString).deletingLastPathComponent
        }
        .allSatisfy { path in
            let rights = (try? FileManager.default.attributesOfItem(atPath: path))?[
                .posixPermissions]
            return ((rights as? Int) ?? 0) & 0o001 != 0
        }
        return isOpen || getuid() != 0 ? own : URL(fileURLWithPath: "/var/tmp")
    }

    /// The words before a command that is not to run as root.
    private static func servant(for folder: String) throws -> [String] {
        // Each call borrows: a name of ours, the entry found for it, and the path.
        guard getuid() == 0 else { return [] }
        guard let user = unsafe getpwnam("postgres") ?? getpwnam("nobody") else {
            throw POSIXError(.EPERM)
        }
        let (id, group) = (unsafe user.pointee.pw_uid, unsafe user.pointee.pw_gid)
        guard unsafe chown(folder, id, group) == 0 else { throw POSIXError(.EPERM) }
        return ["/usr/bin/setpriv", "--reuid=\(id)", "--regid=\(group)", "--clear-groups"]
    }

    private func run(_ words: [String]) throws { try Self.run(wrapper + words) }

    @discardableResult private static func run(_ words: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        // Not a pipe: the server, which it leaves behind, would keep it open.
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("carillon-pg-\(UUID().uuidString).out")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let said = try String(contentsOf: file, encoding: .utf8)
        guard process.terminationStatus == 0 else { throw Refusal(words: words, said: said) }
        return said.trimmingCharacters(in: .newlines)
    }

    /// A program has failed.
    private struct Refusal: Error {
        var words: [String]
        var said: String
    }

    private static func children(of parent: Int32) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { process in
            let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            // Behind the name in parentheses: state, parent.
            let words = text?.split(separator: ")").last?.split(separator: " ") ?? []
            return words.count > 1 && Int32(words[1]) == parent
        }
    }
}
