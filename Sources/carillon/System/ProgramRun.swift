import Foundation
import Glibc
import Synchronization

/// Runs a program of the host with a text on its standard input: `sendmail`, and what a target names.
enum ProgramRun {
    /// Fits into a pipe, so that writing it never waits for the program.
    static let inputBytesMax = 60_000
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
        let isInTime = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in ends {}
                return !Task.isCancelled
            }
            group.addTask {
                await limit()
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        guard isInTime else {
            kill(id, SIGKILL)
            return "\(words[0]) did not end in time and was killed"
        }
        process.waitUntilExit()
        guard process.terminationReason != .exit || process.terminationStatus != 0 else {
            return nil
        }
        let how =
            process.terminationReason == .exit
            ? "ended with \(process.terminationStatus)"
            : "was ended by signal \(process.terminationStatus)"
        // What it left in the pipe is there at once; more than fits was never written.
        _ = fcntl(stderr.fileHandleForReading.fileDescriptor, F_SETFL, O_NONBLOCK)
        let said = (try? stderr.fileHandleForReading.read(upToCount: outputBytesMax)) ?? nil
        let text = said.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = text.split(separator: "\n").first.map { ": \($0.prefix(200))" } ?? ""
        return "\(words[0]) \(how)\(line)"
    }
}
