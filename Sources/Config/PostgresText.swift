/// Judges what `[cluster] postgres` holds before anything is sent: the way to the log must not be one that
/// others can read or turn.
///
/// As far as Carillon needs to know them, by the two forms that libpq reads
/// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING).
package enum PostgresText {
    /// What is wrong with it as the end of a sentence, without any of it; nil: nothing.
    package static func mistake(_ text: String) -> String? {
        guard let words = words(of: text) else {
            return "is no connection string: write host=… dbname=… user=… sslmode=verify-full, or "
                + "postgresql://user@host/database?sslmode=verify-full"
        }
        let hosts = (words["hostaddr"] ?? words["host"] ?? "")
            .split(separator: ",", omittingEmptySubsequences: true)
        let isHere = hosts.allSatisfy { isFolder($0) || HostAndPort.isLoopback(String($0)) }
        guard isHere || words["sslmode"] == "verify-full" else {
            return
                "leads to another host without sslmode=verify-full: add it, and sslrootcert=… if "
                + "the server's authority is your own"
        }
        return nil
    }

    /// Of a Unix socket, as an address may write it.
    private static func isFolder(_ host: Substring) -> Bool {
        host.hasPrefix("/") || host.lowercased().hasPrefix("%2f")
    }

    private static func words(of text: String) -> [String: String]? {
        for scheme in ["postgresql://", "postgres://"] where text.hasPrefix(scheme) {
            return words(ofAddress: text.dropFirst(scheme.count))
        }
        return words(ofPairs: text)
    }

    /// `user:password@host:port,host/database?key=value&key=value`.
    private static func words(ofAddress text: Substring) -> [String: String]? {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var words: [String: String] = [:]
        let authority = (parts.first ?? "").prefix { $0 != "/" }
        let servers = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
        words["host"] = (servers ?? authority).split(separator: ",").map { server in
            guard server.hasPrefix("["), let end = server.firstIndex(of: "]") else {
                return String(server.prefix { $0 != ":" })
            }
            return String(server[server.index(after: server.startIndex)..<end])
        }.joined(separator: ",")
        for pair in parts.dropFirst().first?.split(separator: "&") ?? [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { return nil }
            words[String(sides[0])] = String(sides[1])
        }
        return words
    }

    /// `key=value key = 'a value'`, with a backslash before what would end it.
    private static func words(ofPairs text: String) -> [String: String]? {
        var rest = Substring(text).drop(while: \.isWhitespace)
        var words: [String: String] = [:]
        while !rest.isEmpty {
            let key = rest.prefix { !$0.isWhitespace && $0 != "=" }
            rest = rest.dropFirst(key.count).drop(while: \.isWhitespace)
            guard !key.isEmpty, rest.first == "=" else { return nil }
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            guard let value = value(&rest) else { return nil }
            words[String(key)] = value
            rest = rest.drop(while: \.isWhitespace)
        }
        return words.isEmpty ? nil : words
    }

    private static func value(_ rest: inout Substring) -> String? {
        let isQuoted = rest.first == "'"
        if isQuoted { rest = rest.dropFirst() }
        var value = ""
        while let next = rest.first {
            rest = rest.dropFirst()
            switch next {
            case "\\":
                guard let meant = rest.first else { return nil }
                value.append(meant)
                rest = rest.dropFirst()
            case "'" where isQuoted: return value
            case _ where !isQuoted && next.isWhitespace: return value
            default: value.append(next)
            }
        }
        return isQuoted ? nil : value
    }
}
