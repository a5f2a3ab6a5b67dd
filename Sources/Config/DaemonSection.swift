/// The `[daemon]` table: where the daemon keeps and shows things.
package struct DaemonSettings: Sendable, Equatable {
    /// Levels of the log, as swift-log names them.
    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    package var database = "/var/lib/carillon/carillon.db"
    package var controlSocket = "/run/carillon/control.sock"
    /// Where the dashboard listens; nil: it does not.
    package var http: SocketAddress?
    /// The path under which a proxy shows the dashboard, `/carillon`; empty: at its root.
    package var httpBase = ""
    /// Names under which a proxy asks for it, besides those of this machine.
    package var httpHosts: [String] = []
    package var logLevel = LogLevel.info
    /// How a line of the log is written.
    package enum LogFormat: String, Sendable, CaseIterable { case text, json }
    package var logFormat = LogFormat.text
    /// A refused configuration ends the start, instead of running on with the last accepted one.
    package var isStrict = false
    /// The database may be on a network file system.
    package var takesNetworkRisk = false
    /// How long final slots and runs are kept; nil: for ever.
    ///
    /// Seven years by default, as long as auditors of public companies keep their records.
    package var keepHistoryMilliseconds: Int64? = 2560 * 86_400_000
    /// Who is told every minute that the daemon does its work.
    package var heartbeat: SecretReference?

    /// Makes the default settings.
    package init() {}
}

/// A loopback address to listen on.
package struct SocketAddress: Sendable, Equatable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// Reads `[daemon]`.
enum DaemonSection {
    static let keys = [
        "database", "control_socket", "http", "log", "keep_history", "catchup_per_minute",
        "network_filesystem", "http_base", "http_hosts", "heartbeat", "log_format", "strict",
    ]

    /// The kernel takes 107 bytes, but the daemon binds beside the socket's place, in a folder that
    /// only it may enter, and moves it there; some bytes are left for that name.
    static let socketPathBytesMax = 99

    static func read(
        _ node: ConfigNode?, problems: ConfigProblems
    ) -> (settings: DaemonSettings, catchupPerMinute: Int) {
        var settings = DaemonSettings()
        guard let node else { return (settings, 30) }
        let reader = TableReader(node, known: keys, problems: problems)
        if let path = absolutePath(reader, "database") { settings.database = path }
        if let path = absolutePath(reader, "control_socket") {
            if path.utf8.count > socketPathBytesMax {
                problems.error(
                    reader.find("control_socket") ?? node,
                    "too long for a Unix socket (\(path.utf8.count) bytes), at most "
                        + "\(socketPathBytesMax)")
            }
            settings.controlSocket = path
        }
        settings.http = address(reader)
        settings.httpBase = base(reader) ?? ""
        settings.httpHosts = hosts(reader)
        let levels = DaemonSettings.LogLevel.allCases.map { ($0.rawValue, $0) }
        if let level = reader.choice("log", levels) { settings.logLevel = level }
        let formats = DaemonSettings.LogFormat.allCases.map { ($0.rawValue, $0) }
        if let format = reader.choice("log_format", formats) { settings.logFormat = format }
        settings.isStrict = reader.boolean("strict") ?? false
        if case .string("forever")? = reader.find("keep_history")?.value {
            settings.keepHistoryMilliseconds = nil
        } else if let keep = reader.duration(
            "keep_history", in: 86_400_000...3_650_000 * 86_400_000)
        {
            settings.keepHistoryMilliseconds = keep
        }
        settings.heartbeat = reader.secret("heartbeat")
        settings.takesNetworkRisk = reader.boolean("network_filesystem") ?? false
        let catchup = reader.integer("catchup_per_minute", in: 1...100_000)
        return (settings, catchup ?? 30)
    }

    private static func absolutePath(_ reader: TableReader, _ key: String) -> String? {
        guard let path = reader.string(key), let node = reader.find(key) else { return nil }
        guard path.hasPrefix("/") else {
            reader.problems.error(node, "must be an absolute path (\(node.shown))")
            return nil
        }
        return path
    }

    /// Plain parts only: it stands in links and in the routes as it is.
    private static func base(_ reader: TableReader) -> String? {
        guard let text = reader.string("http_base"), let node = reader.find("http_base") else {
            return nil
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain =
            parts.count > 1 && parts[0].isEmpty
            && parts.dropFirst().allSatisfy { part in
                !part.isEmpty && part != "." && part != ".."
                    && part.utf8.allSatisfy {
                        HostAndPort.isNameByte($0) || $0 == UInt8(ascii: "_")
                    }
            }
        guard isPlain, text.utf8.count <= 200 else {
            reader.problems.error(
                node, "not a path for links (\(node.shown)); write \"/carillon\"")
            return nil
        }
        return text
    }

    private static func hosts(_ reader: TableReader) -> [String] {
        (reader.strings("http_hosts") ?? []).compactMap { text, node in
            guard let (host, port) = HostAndPort.split(text), port == nil else {
                reader.problems.error(
                    node,
                    "not the name of a host (\(node.shown)); write \"carillon.example.com\", "
                        + "without scheme and port")
                return nil
            }
            return host.lowercased()
        }
    }

    private static func address(_ reader: TableReader) -> SocketAddress? {
        guard let text = reader.string("http"), let node = reader.find("http") else { return nil }
        guard let (host, port) = HostAndPort.split(text), let port else {
            reader.problems.error(
                node, "not an address (\(node.shown)); write \"127.0.0.1:8471\"")
            return nil
        }
        guard HostAndPort.isLoopback(host) else {
            reader.problems.error(
                node,
                "must be a loopback address (\(node.shown)), since the dashboard has no "
                    + "login; write \"127.0.0.1:\(port)\" and put a proxy with a login before it")
            return nil
        }
        return SocketAddress(host: host == "localhost" ? "127.0.0.1" : host, port: port)
    }
}

/// Splits `host:port` and judges hosts.
enum HostAndPort {
    /// Host and port of `host`, `host:port`, `[v6]:port`; nil if the text is none of them.
    static func split(_ text: String) -> (host: String, port: Int?)? {
        var host = Substring(text)
        var rest = Substring()
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard host.contains(":"), host.utf8.allSatisfy(isAddressByte) else { return nil }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            rest = text[colon...]
            guard host.utf8.allSatisfy(isNameByte) else { return nil }
        } else {
            guard host.utf8.allSatisfy(isNameByte) else { return nil }
        }
        guard !host.isEmpty else { return nil }
        if rest.isEmpty { return (String(host), nil) }
        let digits = rest.dropFirst()
        guard rest.first == ":", (1...5).contains(digits.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
            (1...65_535).contains(port)
        else { return nil }
        return (String(host), port)
    }

    /// Whether the host is this machine by its very spelling (`127.evil.com` is not).
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    && (Int(part) ?? 256) <= 255
            }
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == UInt8(ascii: ":")
    }
}
