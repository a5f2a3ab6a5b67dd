/// Judges proxy addresses: `http://host:port`, and with a login only where it comes from a secret.
enum ProxyText {
    /// What is wrong with the address in the config, or nil; never any of its login.
    static func mistake(_ text: String) -> String? {
        if text.contains("@") {
            return "a login must not stand in the config; put the whole address, "
                + "http://USER:PASSWORD@host:port, into a file or credential and give "
                + "{ file = \"PATH\" }, { credential = \"NAME\" } or { env = \"NAME\" }"
        }
        guard isAddress(Substring(text)) else { return "not a proxy" }
        return nil
    }

    /// What is wrong with an address that a secret holds, as the end of a sentence, or nil.
    static func mistakeOfSecret(_ text: String) -> String? {
        guard let at = text.lastIndex(of: "@") else {
            return isAddress(Substring(text))
                ? nil : "is not http://USER:PASSWORD@host:port"
        }
        let scheme = "http://"
        let login = text[..<at].dropFirst(scheme.count)
        guard text.lowercased().hasPrefix(scheme),
            isAddress(scheme + text[text.index(after: at)...])
        else { return "is not http://USER:PASSWORD@host:port" }
        guard let colon = login.firstIndex(of: ":"), colon > login.startIndex else {
            return "has a login without \":\" between user and password"
        }
        let forbidden: Set<Character> = ["/", "?", "#", "@"]
        guard !login.contains(where: forbidden.contains) else {
            return "has a / ? # or @ in its login; write it as %2F, %3F, %23 or %40"
        }
        return nil
    }

    private static func isAddress(_ text: some StringProtocol) -> Bool {
        guard text.lowercased().hasPrefix("http://") else { return false }
        var rest = text.dropFirst(7)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        return HostAndPort.split(String(rest))?.port != nil
    }
}
