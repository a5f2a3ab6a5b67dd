import Console
import Foundation
import Glibc
import Synchronization

// Memory safety of this file: waitid(2) and read(2) fill memory that lives for the call and is as large as
// they are told; of waitid's union the member for children is read.

/// Runs a program of the host with a text on its standard input: `sendmail`, and what a target names.
enum ProgramRun {
    /// Fits into a pipe, so that writing it never waits for the program.
    static let inputBytesMax = 65_536
    private static let lookMilliseconds: Int64 = 50
    private static let outputBytesMax = 4_096
    /// What is this daemon's own: its sockets with systemd, and where its secrets are.
    private static let withheld: Set<String> = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY", "LISTEN_FDS",
        "LISTEN_PID", "LISTEN_FDNAMES",
    ]

    /// Why it did not do its work; nil: it ended with 0.
    ///
    /// - Parameters:
    ///   - words: the program's path and its arguments.
    ///   - input: what it reads; cut where it wouldn't fit into a pipe.
    ///   - limit: returns when the program has had its time; it is killed then.
    /// - Returns: the reason in words, with the beginning of what it wrote to its standard error.
    static func failure(
        of words: [String], input: [UInt8], limit: @escaping @Sendable () async -> Void
    ) async -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.environment = SystemProcess.environment.filter { !withheld.contains($0.key) }
        let (stdin, stderr) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = FileHandle.nullDevice
        process.standardError = stderr
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in end.finish() }
        do {
            try process.run()
        } catch {
            return "\(words[0]) can't be run: \(error.localizedDescription)"
        }
        let id = process.processIdentifier
        // A program that doesn't read it is no failure by itself; its status tells.
        try? stdin.fileHandleForWriting.write(contentsOf: input.prefix(inputBytesMax))
        try? stdin.fileHandleForWriting.close()
        let how = await withTaskGroup(of: String?.self) { group in
            group.addTask { await Self.end(of: id, process, ends) }
            group.addTask {
                await limit()
                return "did not end in time and was killed"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        // Its whole group: a shell's children hold what it has opened.
        if case .runs = state(of: id) { kill(-id, SIGKILL) }
        guard let how else { return nil }
        let text = beginning(of: stderr.fileHandleForReading)
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        let shown = line.isEmpty ? "" : ": \(Printable.escaped(line, limit: 200))"
        return "\(words[0]) \(how)\(shown)"
    }

    /// Waits for its end and says how it was, nil: with 0.
    ///
    /// Foundation hears of an end only when all of its children are gone too; a mail program that goes
    /// on in the background has ended long before.
    private static func end(
        of id: pid_t, _ process: Process, _ ends: AsyncStream<Void>
    ) async -> String? {
        while !Task.isCancelled {
            switch state(of: id) {
            case .runs: break
            case .ended(let isExit, let status): return words(isExit: isExit, status: status)
            case .taken:
                // Foundation has taken its status already, and says so at once.
                for await _ in ends {}
                return words(
                    isExit: process.terminationReason == .exit, status: process.terminationStatus)
            }
            await SystemClock().sleep(milliseconds: lookMilliseconds)
        }
        return "was given up"
    }

    private static func words(isExit: Bool, status: Int32) -> String? {
        if isExit { return status == 0 ? nil : "ended with \(status)" }
        return "was ended by signal \(status)"
    }

    /// What it left in the pipe is there at once; a child of it may hold the other end, so nothing more
    /// is waited for.
    private static func beginning(of pipe: FileHandle) -> String {
        let descriptor = pipe.fileDescriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: outputBytesMax) { buffer, count in
            count = unsafe max(0, read(descriptor, buffer.baseAddress, outputBytesMax))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private enum ChildState {
        case runs
        case ended(isExit: Bool, status: Int32)
        /// Its status was taken: it is no child any more.
        case taken
    }

    private static func state(of id: pid_t) -> ChildState {
        unsafe withUnsafeTemporaryAllocation(of: siginfo_t.self, capacity: 1) { buffer in
            guard let info = buffer.baseAddress else { return .taken }
            unsafe info.initialize(to: siginfo_t())
            guard unsafe waitid(P_PID, id_t(id), info, WEXITED | WNOHANG | WNOWAIT) == 0 else {
                return .taken
            }
            let child = unsafe info.pointee._sifields._sigchld
            guard child.si_pid == id else { return .runs }
            return unsafe .ended(
                isExit: info.pointee.si_code == CLD_EXITED, status: child.si_status)
        }
    }
}
