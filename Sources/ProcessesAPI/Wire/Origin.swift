/// Scheme, host and port of an address: what may be shown the token.
struct Origin: Equatable {
    let scheme: String
    /// Lower case; an IPv6 address without its brackets.
    let host: String
    let port: Int

    /// Splits an absolute `http` or `https` address into its origin and the rest (path and query).
    ///
    /// Refused are user names, fragments and every character that has no business in a URL.
    static func split(_ address: some StringProtocol) -> (origin: Origin, rest: String)? {
        let bytes = Array(address.utf8)
        guard bytes.count <= APIRequest.addressBytesMax, bytes.allSatisfy(isURLByte),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        let scheme = ASCII.lowercased(String(decoding: bytes[..<colon], as: UTF8.self))
        let afterScheme = bytes[(colon + 1)...]
        guard scheme == "https" || scheme == "http",
            afterScheme.starts(with: [UInt8(ascii: "/"), UInt8(ascii: "/")])
        else { return nil }
        let authorityAndRest = afterScheme.dropFirst(2)
        let end =
            authorityAndRest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            ?? authorityAndRest.endIndex
        guard
            let (host, port) = hostAndPort(
                authorityAndRest[..<end], defaultPort: scheme == "https" ? 443 : 80)
        else { return nil }
        let rest = String(decoding: authorityAndRest[end...], as: UTF8.self)
        return (Origin(scheme: scheme, host: host, port: port), rest)
    }

    /// Whether the host is this machine, for which plain http is allowed.
    var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { UInt8($0) != nil && !$0.hasPrefix("+") }
    }

    /// Whether requests may go there at all: TLS, or this machine.
    var isAllowed: Bool { scheme == "https" || isLoopback }

    private static func hostAndPort(
        _ authority: ArraySlice<UInt8>, defaultPort: Int
    ) -> (String, Int)? {
        var host = authority
        var portText: ArraySlice<UInt8>?
        if authority.first == UInt8(ascii: "[") {
            guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = authority[(authority.startIndex + 1)..<close]
            guard !host.isEmpty,
                host.allSatisfy({ isHex($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { return nil }
            let rest = authority[(close + 1)...]
            if !rest.isEmpty {
                guard rest.first == UInt8(ascii: ":") else { return nil }
                portText = rest.dropFirst()
            }
        } else {
            if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
                host = authority[..<colon]
                portText = authority[(colon + 1)...]
            }
            guard !host.isEmpty, host.allSatisfy(isHostByte) else { return nil }
        }
        var port = defaultPort
        if let portText, !portText.isEmpty {
            guard portText.allSatisfy(ASCII.isDigit),
                let number = UInt16(String(decoding: portText, as: UTF8.self)), number > 0
            else { return nil }
            port = Int(number)
        }
        return (ASCII.lowercased(String(decoding: host, as: UTF8.self)), port)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(ASCII.lowercased(byte))
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }

    /// Visible ASCII without the characters that URLs must escape, and without `#` and `@`.
    static func isURLByte(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !Array("\"#<>@\\^`{|}".utf8).contains(byte)
    }
}

/// The one spelling of an API's address, under which the ledger keeps what belongs to it.
package enum APIAddress {
    /// Scheme and host in lower case, no trailing dot or slash, no default port, and one name for
    /// this machine: two connections with one API under two spellings must not start it twice.
    ///
    /// Only for comparing: requests go to the address as it was written, since certificates name
    /// hosts. Two DNS names of one API can't be told from two APIs.
    ///
    /// - Parameter address: scheme, host and port, as in `base_url`.
    /// - Returns: the spelling; the address itself where it can't be read.
    package static func canonical(_ address: String) -> String {
        guard let (origin, rest) = Origin.split(address) else { return address }
        var host = origin.host
        if host.count > 1, host.hasSuffix(".") { host.removeLast() }
        if ["localhost", "::1", "0:0:0:0:0:0:0:1"].contains(host) { host = "127.0.0.1" }
        if host.contains(":") { host = "[\(host)]" }
        let defaultPort = origin.scheme == "https" ? 443 : 80
        let port = origin.port == defaultPort ? "" : ":\(origin.port)"
        var path = Substring(rest)
        while path.hasSuffix("/") { path.removeLast() }
        return "\(origin.scheme)://\(host)\(port)\(path)"
    }
}

/// Where the next page of a list is (`@nextLink`): the token must not follow it to another origin.
enum NextLink {
    /// A link as it is meant: without the blanks around it, and without a fragment.
    static func tidied(_ link: String) -> String {
        let text = ASCII.trimmed(link[...])
        return String(text.prefix { $0 != "#" })
    }

    /// Path and query of a link to another origin, as a proxy in front of the API makes it; nil if
    /// they are not those of the list.
    ///
    /// Only they are used, at our own address: it doesn't matter what stands before them.
    static func pathOfList(_ link: String) -> String? {
        guard let authority = authority(of: link) else { return nil }
        let rest = String(link[authority.upperBound...])
        guard rest.hasPrefix("/processes?"), rest.utf8.count <= APIRequest.addressBytesMax,
            rest.utf8.allSatisfy(Origin.isURLByte)
        else { return nil }
        return rest
    }

    /// A link for people: a login in it is nobody's business.
    static func words(_ link: String) -> String {
        guard let authority = authority(of: link),
            let login = link[authority].lastIndex(of: "@")
        else { return EscapedText.bounded(link, bytesMax: 200) }
        let shown = link[..<authority.lowerBound] + link[link.index(after: login)...]
        return EscapedText.bounded(String(shown), bytesMax: 200)
    }

    /// What stands between the slashes of `scheme://…/` or `//…/`.
    private static func authority(of link: String) -> Range<String.Index>? {
        guard let slashes = link.firstRange(of: "//"),
            slashes.lowerBound == link.startIndex
                || link[..<slashes.lowerBound].allSatisfy({ $0 != "/" && $0 != "?" })
        else { return nil }
        let end = link[slashes.upperBound...].firstIndex { "/?\\".contains($0) } ?? link.endIndex
        return slashes.upperBound..<end
    }

    /// The absolute address of a link, or of a cursor that was sent in its place.
    ///
    /// - Returns: nil if the link is foreign or no address.
    static func resolve(_ link: String, base: Origin, baseURL: String) -> String? {
        guard !link.isEmpty, link.utf8.count <= APIRequest.addressBytesMax else { return nil }
        if link.contains("://") {
            guard let (origin, rest) = Origin.split(link), origin == base, rest.hasPrefix("/")
            else { return nil }
            return baseURL + rest
        }
        guard link.contains("?") else {
            return baseURL + RequestPath.processes(cursor: link)
        }
        // "//host/…" names another host; "\" is a "/" to some servers.
        guard link.utf8.allSatisfy(Origin.isURLByte), !link.hasPrefix("//") else { return nil }
        if link.hasPrefix("/") { return baseURL + link }
        if link.hasPrefix("?") { return baseURL + "/processes" + link }
        guard link.hasPrefix("processes?") else { return nil }
        return baseURL + "/" + link
    }
}
