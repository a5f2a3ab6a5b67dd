/// The `[cluster]` table: hosts that share one ledger (docs/cluster.md).
package struct ClusterSettings: Sendable, Equatable {
    /// Names the log; several may be kept in one database.
    package var name: String
    /// What people call this host; nil: as the host is called.
    package var node: String?
    /// What libpq needs to reach PostgreSQL, a password perhaps among it.
    package var postgres: SecretReference
    package var leaseMilliseconds: Int64 = 6_000
    /// How long after a takeover a host that led before may still send what it was about to.
    package var stallMilliseconds: Int64 = 60_000
    /// How long the log keeps what every node has.
    package var keepLogMilliseconds: Int64 = 3 * 86_400_000

    /// A cluster with the default times.
    package init(name: String, postgres: SecretReference) {
        self.name = name
        self.postgres = postgres
    }
}

/// Reads `[cluster]`.
enum ClusterSection {
    static let keys = ["name", "node", "postgres", "lease", "stall_window", "keep_log"]
    private static let bytesMax = 63

    /// The settings; nil: there is no such table, or it is wrong.
    static func read(_ node: ConfigNode?, problems: ConfigProblems) -> ClusterSettings? {
        guard let node else { return nil }
        let reader = TableReader(node, known: keys, problems: problems)
        guard node.entries != nil else { return nil }
        let own = name(reader, "node")
        let name = name(reader, "name")
        if reader.find("name") == nil {
            reader.missing("name", "missing; write name = \"prod\", the same on all hosts")
        }
        let postgres = reader.secret("postgres")
        if reader.find("postgres") == nil {
            reader.missing(
                "postgres",
                "missing; what PostgreSQL is reached by may hold a password, so it is a secret: give "
                    + "{ credential = \"NAME\" }, { file = \"PATH\" } or { env = \"NAME\" }")
        }
        let lease = reader.duration("lease", in: 3_000...60_000) ?? 6_000
        let stall = reader.duration("stall_window", in: 6_000...3_600_000) ?? 60_000
        if stall < 2 * lease, let place = reader.find("stall_window") ?? reader.find("lease") {
            problems.error(
                place,
                "stall_window (\(DurationText.text(milliseconds: stall))) must be at least twice "
                    + "the lease (\(DurationText.text(milliseconds: lease))): so long a host that "
                    + "led before may still send a start")
        }
        let keep = reader.duration("keep_log", in: 3_600_000...365 * 86_400_000)
        guard let name, let postgres else { return nil }
        var settings = ClusterSettings(name: name, postgres: postgres)
        settings.node = own
        settings.leaseMilliseconds = lease
        settings.stallMilliseconds = stall
        settings.keepLogMilliseconds = keep ?? settings.keepLogMilliseconds
        return settings
    }

    private static func name(_ reader: TableReader, _ key: String) -> String? {
        guard let text = reader.string(key), let node = reader.find(key) else { return nil }
        let isPlain = text.utf8.allSatisfy { HostAndPort.isNameByte($0) || $0 == UInt8(ascii: "_") }
        guard isPlain, (1...bytesMax).contains(text.utf8.count) else {
            reader.problems.error(
                node,
                "not a name (\(node.shown)); 1 to \(bytesMax) letters, digits, \".\", \"-\" and "
                    + "\"_\"")
            return nil
        }
        return text
    }
}
