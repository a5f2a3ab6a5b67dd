import Foundation
import Glibc

/// What the system says of this process.
enum SystemProcess {
    static var id: Int32 { getpid() }
    static var standardError: Int32 { STDERR_FILENO }
    static var environment: [String: String] { ProcessInfo.processInfo.environment }
    /// The standard error is the journal's own stream, as systemd says it in `JOURNAL_STREAM`.
    static var isLoggingToJournal: Bool {
        var info = stat()
        // SAFETY: the kernel fills the struct we own.
        let isKnown = unsafe fstat(STDERR_FILENO, &info) == 0
        guard isKnown, let stream = environment["JOURNAL_STREAM"] else { return false }
        return stream == "\(info.st_dev):\(info.st_ino)"
    }
    /// A fresh identity, for the UUID of a trigger.
    static func uuid() -> String { UUID().uuidString }
    /// A seed for a sandbox whose run nobody wants to repeat.
    static func seed() -> UInt64 { UInt64.random(in: 0 ... .max) }
}
