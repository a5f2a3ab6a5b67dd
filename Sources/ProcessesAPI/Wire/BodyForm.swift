/// What an answer says its body is.
struct ContentType {
    /// The media type without parameters, in lower case; nil: none was named.
    let mediaType: String?

    init(_ response: APIResponse) {
        let value = response.headerValue("content-type")
        let type = value?.split(separator: ";", omittingEmptySubsequences: false).first
            .map { ASCII.lowercased(String(ASCII.trimmed($0))) }
        mediaType = type?.isEmpty == true ? nil : type
    }

    /// Whether the body may be the API's, which answers in JSON.
    ///
    /// Where nothing is said, the body's shape decides alone.
    var mayBeJSON: Bool {
        guard let mediaType else { return true }
        return mediaType == "application/json" || mediaType == "text/json"
            || mediaType.hasPrefix("application/") && mediaType.hasSuffix("+json")
    }

    var words: String {
        mediaType.map { EscapedText.bounded($0, bytesMax: 80) } ?? "no content type"
    }
}

/// How an answer's body is compressed, which no request asks for.
enum BodyCoding {
    /// The end of a sentence that begins with the answer; nil if nothing says so.
    static func words(_ response: APIResponse) -> String? {
        guard let name = name(response) else { return nil }
        return "it is \(name)-compressed though not asked for"
    }

    private static func name(_ response: APIResponse) -> String? {
        if response.body.starts(with: [0x1F, 0x8B]) { return "gzip" }
        if response.body.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return "zstd" }
        // What the transport has unpacked is text by now.
        guard let value = response.headerValue("content-encoding"), !value.isEmpty,
            !["identity", "gzip", "deflate"].contains(ASCII.lowercased(value)),
            !response.body.isEmpty
        else { return nil }
        return EscapedText.bounded(ASCII.lowercased(value), bytesMax: 40)
    }
}

extension APIResponse {
    /// The first value of a header, trimmed.
    func headerValue(_ name: String) -> String? {
        headers.first { ASCII.lowercased($0.name) == name }
            .map { String(ASCII.trimmed(Substring($0.value))) }
    }
}
