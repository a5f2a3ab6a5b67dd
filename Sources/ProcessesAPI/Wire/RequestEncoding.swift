/// Why a call can't be written as a request.
///
/// Nothing was sent, and repeating it unchanged changes nothing.
package enum APIEncodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not `https://host[:port]`, nor `http://` to this machine.
    case badAddress(String)
    /// Not a version string: one to 100 visible ASCII characters.
    case badVersion
    /// Not `[A-Za-z0-9_-]{1,64}`, so it doesn't go into a path.
    case badIdentifier(String)
    /// `@nextLink` points to another origin, or is no address.
    case foreignLink(String)
    /// The call needs a token that fits into a header.
    case noToken
    /// The token call needs a client id and secret.
    case noCredential

    /// One sentence that says what to mend; never a secret.
    package var description: String {
        switch self {
        case .badAddress(let address):
            "base URL \(EscapedText.quoted(address)) is not https://HOST[:PORT] "
                + "(plain http only to this machine)"
        case .badVersion: "the API version is not a string of visible ASCII characters"
        case .badIdentifier(let id):
            "id \(EscapedText.quoted(id)) is not 1 to 64 letters, digits, _ or -"
        case .foreignLink(let link):
            "the list continues at \(EscapedText.quoted(link)), which is not the API's own address"
        case .noToken: "there is no usable access token"
        case .noCredential: "there is no client id or no client secret"
        }
    }

    /// The error as an answer to a call: nothing was sent for certain.
    package var failure: APIFailure {
        APIFailure(kind: .notSent, summary: EscapedText.bounded(description), label: "encoding")
    }
}

extension APIEndpoint {
    /// Checks address and version.
    ///
    /// - Throws: `badAddress` or `badVersion`.
    package func validate() throws(APIEncodingError) {
        _ = try checked()
        guard (1...100).contains(apiVersion.utf8.count), Header.isValue(apiVersion) else {
            throw .badVersion
        }
    }

    /// The address's origin and its text without a trailing slash.
    func checked() throws(APIEncodingError) -> (origin: Origin, baseURL: String) {
        guard let (origin, rest) = Origin.split(baseURL), rest.isEmpty || rest == "/",
            origin.isAllowed
        else { throw .badAddress(baseURL) }
        return (origin, rest.isEmpty ? baseURL : String(baseURL.dropLast()))
    }
}

extension APIRequest {
    /// The longest address that is sent or followed.
    static let addressBytesMax = 8_192

    /// Writes a call as a request.
    ///
    /// Pure: the same call gives the same bytes.
    ///
    /// - Parameters:
    ///   - call: What is wanted.
    ///   - endpoint: Where and in which version.
    ///   - token: The bearer token; every call but `.token` needs it.
    ///   - credential: The client id and secret; only `.token` needs it.
    /// - Returns: The request.
    /// - Throws: What keeps the call from being written.
    package static func encoding(
        _ call: APICall, endpoint: APIEndpoint, token: Secret?, credential: APICredential?
    ) throws(APIEncodingError) -> APIRequest {
        try endpoint.validate()
        let (origin, baseURL) = try endpoint.checked()
        var request = APIRequest(
            method: "GET", url: baseURL,
            headers: [
                ("Accept", "application/json"), ("X-Version", endpoint.apiVersion),
                ("User-Agent", "carillon"),
                // Nothing is gained by compression here, and a run's id may be lost by it.
                ("Accept-Encoding", "identity"),
            ],
            body: nil)
        switch call {
        case .token:
            try request.fillToken(credential)
            return request
        case .listProcesses(nil):
            request.url += RequestPath.processes(cursor: nil)
        case .listProcesses(let link?):
            guard let url = NextLink.resolve(link, base: origin, baseURL: baseURL) else {
                throw .foreignLink(link)
            }
            request.url = url
        case .startRun(let process, let sendCompleteEmail):
            request.method = "POST"
            request.url += try "/processes/\(RequestPath.segment(process))/run"
            request.headers.append(("Content-Type", "application/json"))
            request.body = Array(#"{"sendProcessCompleteEmail":\#(sendCompleteEmail)}"#.utf8)
            request.freshConnection = true
        case .getRun(let id):
            request.url += try "/processRuns/\(RequestPath.segment(id))"
        case .validate(let process):
            request.method = "POST"
            request.url += try "/processes/\(RequestPath.segment(process))/validation"
        }
        // What a cache remembers tells nothing of now.
        if request.method == "GET" { request.headers.append(("Cache-Control", "no-cache")) }
        guard let token, !token.value.isEmpty, Header.isValue(token.value) else { throw .noToken }
        request.headers.append(("Authorization", "Bearer \(token.value)"))
        return request
    }

    private mutating func fillToken(_ credential: APICredential?) throws(APIEncodingError) {
        guard let credential, !credential.clientID.value.isEmpty,
            !credential.clientSecret.value.isEmpty
        else { throw .noCredential }
        method = "POST"
        url += "/oauth2/token"
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        let fields = [
            "grant_type=client_credentials",
            "client_id=\(PercentEncoding.encode(credential.clientID.value))",
            "client_secret=\(PercentEncoding.encode(credential.clientSecret.value))",
        ]
        body = Array(fields.joined(separator: "&").utf8)
    }
}

/// The paths that are built here.
enum RequestPath {
    /// The list by name, which doesn't shift while runs start; `cursor` is the page to begin at.
    static func processes(cursor: String?) -> String {
        let next = cursor.map { "$next=\(PercentEncoding.encode($0))&" } ?? ""
        return "/processes?\(next)$maxpagesize=1000&$orderBy=name%20asc"
    }

    /// An id that may stand in a path.
    static func segment(_ id: String) throws(APIEncodingError) -> String {
        guard APIIdentifier.isValid(id) else { throw .badIdentifier(id) }
        return id
    }
}

/// Ids of processes, runs and jobs: `[A-Za-z0-9_-]{1,64}`.
package enum APIIdentifier {
    /// Whether the text is such an id.
    package static func isValid(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                ASCII.isLetter(byte) || ASCII.isDigit(byte)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
    }
}

/// Percent-encoding for forms and queries.
enum PercentEncoding {
    /// All but letters, digits and `-._~` as `%XX`; a secret's colon becomes `%3A`.
    static func encode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            if ASCII.isLetter(byte) || ASCII.isDigit(byte) || Array("-._~".utf8).contains(byte) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The text behind `%XX`; nil if it is malformed or no UTF-8.
    static func decode(_ text: some StringProtocol) -> String? {
        var decoded: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ ASCII.isDigit($0) || ASCII.isLetter($0) }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            decoded.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: decoded, as: UTF8.self)
    }
}

/// What may stand in a header field.
enum Header {
    /// Visible ASCII only: no value can end its line and begin another field.
    static func isValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// Text from outside, made fit for a line in a log or a table.
enum EscapedText {
    /// The longest summary, in bytes.
    static let summaryBytesMax = 1_024

    /// Control characters as `\u{…}`, cut to the given length at a character's end.
    static func bounded(_ text: String, bytesMax: Int = summaryBytesMax) -> String {
        // Statuses come by the thousand, and all of them are this plain.
        if text.utf8.count <= bytesMax - 3, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            return text
        }
        var escaped = ""
        var size = 0
        for scalar in text.unicodeScalars {
            let isControl =
                scalar.properties.generalCategory == .control
                || scalar.properties.generalCategory == .format
                || scalar.properties.generalCategory == .lineSeparator
                || scalar.properties.generalCategory == .paragraphSeparator
            let part =
                isControl
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(Character(scalar))
            guard size + part.utf8.count <= bytesMax - 3 else { return escaped + "…" }
            escaped += part
            size += part.utf8.count
        }
        return escaped
    }

    /// The same between quotation marks, short.
    static func quoted(_ text: String) -> String { "\"\(bounded(text, bytesMax: 200))\"" }
}
