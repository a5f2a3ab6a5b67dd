import Foundation
import Glibc

/// What the system says of this process.
enum SystemProcess {
    static var id: Int32 { getpid() }
    static var standardError: Int32 { STDERR_FILENO }
    static var environment: [String: String] { ProcessInfo.processInfo.environment }
    /// A fresh identity, for the UUID of a trigger.
    static func uuid() -> String { UUID().uuidString }
    /// A seed for a sandbox whose run nobody wants to repeat.
    static func seed() -> UInt64 { UInt64.random(in: 0 ... .max) }
}
