import Engine
import Timetable

/// How a connection is reached and who we are on it: what the engine need not know.
package struct ConnectionAccess: Sendable, Equatable {
    package var clientID: PlainOrSecret
    package var clientSecret: SecretReference
    /// An HTTP proxy, `http://host:port`, or a secret with a login in it; nil: a direct connection.
    package var proxy: PlainOrSecret?
    /// A PEM file of certificate authorities to trust besides the system's.
    package var caFile: String?
    /// What that file held when the config was read: a reload takes a renewed one over.
    package var caContent: [UInt8]?

    /// Makes the access of a connection.
    package init(clientID: PlainOrSecret, clientSecret: SecretReference) {
        self.clientID = clientID
        self.clientSecret = clientSecret
    }
}

/// Reads `[connections.NAME]`.
package enum ConnectionSection {
    static let keys = [
        "region", "base_url", "api_version", "client_id", "client_secret", "rate", "proxy",
        "ca_file", "request_window", "settle_within", "look_patience", "probe_every",
        "grant_expires", "version_ends",
    ]
    static let regions = [
        (word: "us", value: "https://api.app.wdesk.com"),
        (word: "eu", value: "https://api.eu.wdesk.com"),
        (word: "apac", value: "https://api.apac.wdesk.com"),
    ]
    /// The API versions that Carillon was built against, the first one the default.
    package static let versions = ["2026-04-01.processes.preview", "2026-01-01"]

    static func read(
        _ node: ConfigNode, name: String, today: CivilDate? = nil, problems: ConfigProblems
    ) -> (connection: Connection, access: ConnectionAccess)? {
        let reader = TableReader(node, known: keys, problems: problems)
        guard node.entries != nil else { return nil }
        let base = baseURL(reader)
        let version = apiVersion(reader)
        let access = readAccess(reader)
        var connection = Connection(name: name, baseURL: base ?? "", apiVersion: version)
        readRate(reader, &connection.rate)
        let minute: Int64 = 60_000
        if let value = reader.duration("request_window", in: 1000...10 * minute) {
            connection.requestWindowMilliseconds = value
        }
        if let value = reader.duration("settle_within", in: 1000...24 * 60 * minute) {
            connection.settleWithinMilliseconds = value
        }
        if let value = reader.duration("look_patience", in: 1000...24 * 60 * minute) {
            connection.lookPatienceMilliseconds = value
        }
        if let value = reader.duration("probe_every", in: 1000...60 * minute) {
            connection.probeEveryMilliseconds = value
        }
        connection.grantExpires = reader.lastDay("grant_expires", today: today)
        connection.versionEnds = reader.lastDay("version_ends", today: today)
        guard base != nil, let access else { return nil }
        switch access.clientID {
        case .plain(let id): connection.client = id
        case .secret(let reference):
            connection.client = "\(reference)"
            connection.isClientReferred = true
        }
        return (connection, access)
    }

    private static func baseURL(_ reader: TableReader) -> String? {
        switch (reader.find("region"), reader.find("base_url")) {
        case (nil, nil):
            reader.missing(
                "region", "missing; write region = \"us\", \"eu\" or \"apac\", or base_url = …")
            return nil
        case (_?, let url?):
            reader.problems.error(url, "region and base_url exclude each other; keep one")
            return nil
        case (_?, nil): return reader.choice("region", regions)
        case (nil, let node?):
            guard let text = reader.string("base_url") else { return nil }
            switch BaseURL.parse(text) {
            case .success(let url): return url
            case .failure(let reason):
                reader.problems.error(node, "\(reason.text) (\(node.shown))")
                return nil
            }
        }
    }

    private static func apiVersion(_ reader: TableReader) -> String {
        guard let version = reader.string("api_version"), let node = reader.find("api_version")
        else { return versions[0] }
        let isPlain = version.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F
        }
        if version.isEmpty || !isPlain || version.utf8.count > 100 {
            reader.problems.error(
                node,
                "not an API version (\(node.shown)), "
                    + "for example \"\(versions[0])\"")
        } else if !versions.contains(version) {
            reader.problems.warning(
                node,
                "not a version that Carillon was built against (\(node.shown)); known: "
                    + TableReader.list(versions) + NearestName.hint(version, in: versions))
        }
        return version
    }

    private static func readAccess(_ reader: TableReader) -> ConnectionAccess? {
        var clientID: PlainOrSecret?
        if let node = reader.find("client_id") {
            if case .string(let text) = node.value {
                clientID = .plain(text)
                refuseDoubtful(text, node, reader.problems)
            } else if case .table = node.value {
                clientID = reader.secret("client_id").map(PlainOrSecret.secret)
            } else {
                let _: String? = reader.wrongType(node, "a string or a secret reference")
            }
        } else {
            reader.missing("client_id", "missing; the id of the OAuth grant in Workiva")
        }
        let secret = reader.secret("client_secret")
        if reader.find("client_secret") == nil {
            reader.missing(
                "client_secret",
                "missing; give { credential = \"NAME\" }, { file = \"PATH\" } or "
                    + "{ env = \"NAME\" }")
        }
        guard let clientID, let secret else { return nil }
        var access = ConnectionAccess(clientID: clientID, clientSecret: secret)
        access.proxy = proxy(reader)
        if let path = reader.string("ca_file"), let node = reader.find("ca_file") {
            if path.hasPrefix("/") {
                access.caFile = path
            } else {
                reader.problems.error(node, "must be an absolute path (\(node.shown))")
            }
        }
        return access
    }

    /// An id is no secret and stands in the config, so what is wrong with it is mended there.
    private static func refuseDoubtful(
        _ text: String, _ node: ConfigNode, _ problems: ConfigProblems
    ) {
        do {
            let plain = try SecretText.secret(in: text)
            guard plain != text else { return }
            problems.error(
                node, "has blanks or invisible characters around it; write \"\(plain)\"")
        } catch {
            problems.error(node, error.reason)
        }
    }

    static func proxy(_ reader: TableReader) -> PlainOrSecret? {
        guard let node = reader.find("proxy") else { return nil }
        if case .table = node.value { return reader.secret("proxy").map(PlainOrSecret.secret) }
        guard let text = reader.string("proxy") else { return nil }
        guard let mistake = ProxyText.mistake(text) else { return .plain(text) }
        reader.problems.error(node, "\(mistake) (\(node.shown)); write \"http://host:port\"")
        return nil
    }

    private static func readRate(_ reader: TableReader, _ rate: inout RatePolicy) {
        let keys = ["requests", "per", "keep_for_starts"]
        guard let table = reader.table("rate", known: keys) else { return }
        if let value = table.integer("requests", in: 1...10_000_000) { rate.requests = value }
        if let value = table.duration("per", in: 1000...86_400_000) { rate.perMilliseconds = value }
        guard let (value, node) = table.number("keep_for_starts") else { return }
        // A share of 1 would leave no steady rate at all.
        guard value >= 0, value <= 0.95 else {
            return reader.problems.error(node, "out of range (\(node.shown)), allowed: 0 to 0.95")
        }
        rate.keepForStarts = value
    }
}

/// Judges base URLs: https anywhere, http only to this machine; scheme, host and port only.
enum BaseURL {
    /// Why a URL is refused.
    struct Refusal: Error { var text: String }

    /// The URL in lower case without a trailing slash, or why not.
    static func parse(_ text: String) -> Result<String, Refusal> {
        func refuse(_ text: String) -> Result<String, Refusal> { .failure(Refusal(text: text)) }
        let lower = text.lowercased()
        let isSecure = lower.hasPrefix("https://")
        guard isSecure || lower.hasPrefix("http://") else {
            return refuse("must begin with https:// (http:// only to this machine)")
        }
        var rest = lower.dropFirst(isSecure ? 8 : 7)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        if rest.contains("@") {
            return refuse(
                "must not hold a user or password; the grant is client_id and client_secret")
        }
        if rest.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" }) {
            return refuse("must be scheme, host and port only, without a path or query")
        }
        guard let (host, _) = HostAndPort.split(String(rest)) else {
            return refuse("no valid host and port")
        }
        guard isSecure || HostAndPort.isLoopback(host) else {
            return refuse(
                "http:// is allowed only to this machine (127.0.0.1, ::1, localhost); "
                    + "use https://")
        }
        return .success((isSecure ? "https://" : "http://") + rest)
    }
}
