/// How a command ends (docs/protocol.md#command-line).
package enum ExitStatus: Int32, Sendable {
    case ok = 0
    case failed = 1
    /// Usage or config.
    case usage = 2
    case notFound = 3
    /// Conflict or held.
    case conflict = 4
    case daemonUnreachable = 5
    /// Try again later; for the daemon: another one holds the database.
    case tryLater = 75
    /// The daemon can't start and a restart would not help.
    case configuration = 78
}

/// A command that ends with a message and a status other than 0.
package struct CommandFailure: Error, Sendable, CustomStringConvertible {
    package var status: ExitStatus
    /// The sentence for the standard error; empty if everything has been said.
    package var message: String
    /// Only a right is missing: what was to be asked may be there and well.
    package var isForbidden = false

    package init(_ status: ExitStatus, _ message: String = "") {
        self.status = status
        self.message = message
    }

    package var description: String { message }
}
