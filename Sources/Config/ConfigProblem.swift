/// One thing that is wrong (or doubtful) in the config files, with its place and what to do.
package struct ConfigProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether the problem stops the start.
    package enum Severity: Hashable, Sendable { case error, warning }

    package var severity: Severity
    package var position: SourcePosition
    package var path: ConfigPath
    package var message: String

    package init(
        severity: Severity = .error, position: SourcePosition, path: ConfigPath, message: String
    ) {
        self.severity = severity
        self.position = position
        self.path = path
        self.message = message
    }

    /// `FILE:LINE:COL: key.path: message`, with `warning:` before the path of a warning.
    package var description: String {
        let mark = severity == .warning ? "warning: " : ""
        let subject = path.steps.isEmpty ? "" : "\(path): "
        return "\(position): \(mark)\(subject)\(message)"
    }
}

/// All errors of one reading of the config, in the order of files and lines.
package struct ConfigRejected: Error, CustomStringConvertible {
    package var errors: [ConfigProblem]
    package var warnings: [ConfigProblem]

    package var description: String {
        errors.map(\.description).joined(separator: "\n")
    }
}

extension ConfigRejected {
    /// Files that are valid and must not be taken over all the same.
    ///
    /// - Parameters:
    ///   - objection: why, as a sentence with what to do.
    ///   - path: the main file.
    package init(objection: String, path: String) {
        self.init(
            errors: [
                ConfigProblem(
                    position: SourcePosition(file: path, line: 0, column: 0),
                    path: ConfigPath(), message: objection)
            ], warnings: [])
    }
}

/// Collects problems while the files are read, so that all of them are reported together.
///
/// A class because every reader of a section adds to the same list; it never leaves the one
/// synchronous call that reads the config.
final class ConfigProblems {
    private var seen: Set<ConfigProblem> = []
    /// What isn't there yet is waited for: the daemon, which comes up before a volume or a package.
    private let isPatient: Bool
    /// Files that are waited for, with the reason in words.
    private(set) var awaited: [String: String] = [:]
    /// The reasons since the last call of `takeCauses`.
    private var causes: Set<String> = []

    /// Makes an empty list.
    init(isPatient: Bool = false) {
        self.isPatient = isPatient
    }

    /// Notes a file that can't be read: an error, or a reason to wait.
    func absent(_ node: ConfigNode, file: String, _ message: String) {
        guard isPatient else { return error(node, message) }
        awaited[file] = message
        causes.insert(message)
        warning(node, message + "; waited for")
    }

    /// The reasons to wait that came up since the last call, in words; nil: there are none.
    func takeCauses() -> String? {
        defer { causes = [] }
        return causes.isEmpty ? nil : causes.sorted().joined(separator: "; ")
    }

    /// Reads named tables in the order of their names.
    ///
    /// - Parameters:
    ///   - nodes: by name.
    ///   - read: nil for one that is wrong or waits.
    /// - Returns: what was read, and by name what those that wait wait for, in words.
    func readAll<Value>(
        _ nodes: [String: ConfigNode], _ read: (String, ConfigNode) -> Value?
    ) -> (values: [String: Value?], causes: [String: String]) {
        var values: [String: Value?] = [:]
        var causes: [String: String] = [:]
        for (name, node) in nodes.sorted(by: { $0.key < $1.key }) {
            values[name] = .some(read(name, node))
            causes[name] = takeCauses()
        }
        return (values, causes)
    }

    /// What is read now waits for what was looked for before.
    func awaits(_ cause: String) { causes.insert(cause) }

    /// Notes an error.
    func error(_ path: ConfigPath, at position: SourcePosition, _ message: String) {
        seen.insert(ConfigProblem(position: position, path: path, message: message))
    }

    /// Notes an error about a node's value.
    func error(_ node: ConfigNode, _ message: String) {
        error(node.path, at: node.valuePosition, message)
    }

    /// Notes a warning.
    func warning(_ path: ConfigPath, at position: SourcePosition, _ message: String) {
        seen.insert(
            ConfigProblem(severity: .warning, position: position, path: path, message: message))
    }

    /// Notes a warning about a node's value.
    func warning(_ node: ConfigNode, _ message: String) {
        warning(node.path, at: node.valuePosition, message)
    }

    /// Whether an error was noted.
    var hasErrors: Bool { errorCount > 0 }

    /// How many errors were noted.
    var errorCount: Int { seen.count { $0.severity == .error } }

    /// What was noted, once each (a bad default is met by every schedule), in reading order.
    func sorted(_ severity: ConfigProblem.Severity) -> [ConfigProblem] {
        seen.filter { $0.severity == severity }.sorted { left, right in
            let one = left.position
            let other = right.position
            return (one.file, one.line, one.column, left.message)
                < (other.file, other.line, other.column, right.message)
        }
    }
}
