/// Takes a connection's known secrets out of what an endpoint sends back.
///
/// Debug pages, gateways and error messages echo what they were sent, and all of it would end in the
/// ledger, in logs and in pages. Endpoints echo in the forms that their own writers have: as it is,
/// escaped for JSON, HTML or addresses, in hex, or in Base64, also in the middle of other text
/// (`Basic`). Whatever can't be known in advance, a part for instance, isn't found.
package struct Redaction: Sendable {
    /// What stands in a secret's place.
    package static let word = "<secret>"
    /// Takes nothing out.
    package static let none = Redaction([])
    /// Shorter secrets are words of every answer; none that protects anything is so short.
    static let secretBytesMin = 6

    /// Longest first, so that no part is taken before the whole.
    private let patterns: [[UInt8]]
    /// By the first byte: the patterns that begin with it.
    private let starts: [[Int]]
    /// Whether a pattern begins with these two bytes: nearly always not, and bodies are long.
    private let isStart: [Bool]

    /// Knows the secrets in all their forms.
    ///
    /// - Parameters:
    ///   - secrets: What must not be shown; short ones are left out.
    ///   - credential: Its secret is one, and its `Basic` form too.
    package init(_ secrets: [Secret], credential: APICredential? = nil) {
        var forms: Set<[UInt8]> = []
        for secret in secrets + (credential.map { [$0.clientSecret] } ?? [])
        where secret.value.utf8.count >= Self.secretBytesMin {
            forms.formUnion(SecretForms.all(of: secret.value))
        }
        if let credential, credential.clientSecret.value.utf8.count >= Self.secretBytesMin {
            let encoded = [credential.clientID, credential.clientSecret]
                .map { PercentEncoding.encode($0.value) }.joined(separator: ":")
            let plain = "\(credential.clientID.value):\(credential.clientSecret.value)"
            for login in [plain, encoded] { forms.formUnion(SecretForms.base64(of: login)) }
        }
        patterns = forms.sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
        var starts = [[Int]](repeating: [], count: 256)
        var isStart = [Bool](repeating: false, count: patterns.isEmpty ? 0 : 65_536)
        for (index, pattern) in patterns.enumerated() {
            starts[Int(pattern[0])].append(index)
            isStart[Int(pattern[0]) << 8 | Int(pattern[1])] = true
        }
        self.starts = starts
        self.isStart = isStart
    }

    /// The bytes without secrets.
    func redacting(_ bytes: [UInt8]) -> [UInt8] {
        guard !patterns.isEmpty, let first = firstMatch(in: bytes, from: 0) else { return bytes }
        var clean = Array(bytes[..<first.place])
        var next: (place: Int, count: Int)? = first
        while let match = next {
            clean += Self.word.utf8
            let after = match.place + match.count
            next = firstMatch(in: bytes, from: after)
            clean += bytes[after..<(next?.place ?? bytes.count)]
        }
        return clean
    }

    /// The text without secrets.
    func redacting(_ text: String) -> String {
        guard !patterns.isEmpty else { return text }
        let bytes = Array(text.utf8)
        guard firstMatch(in: bytes, from: 0) != nil else { return text }
        return String(decoding: redacting(bytes), as: UTF8.self)
    }

    private func firstMatch(in bytes: [UInt8], from start: Int) -> (place: Int, count: Int)? {
        guard start < bytes.count - 1 else { return nil }
        for place in start..<(bytes.count - 1)
        where isStart[Int(bytes[place]) << 8 | Int(bytes[place + 1])] {
            for index in starts[Int(bytes[place])] {
                let pattern = patterns[index]
                if pattern.count <= bytes.count - place,
                    bytes[place..<(place + pattern.count)].elementsEqual(pattern)
                {
                    return (place, pattern.count)
                }
            }
        }
        return nil
    }
}

extension Redaction {
    /// What came, before anything looks at it.
    func redacting(
        _ outcome: Result<APIResponse, TransportFailure>
    ) -> Result<APIResponse, TransportFailure> {
        guard !patterns.isEmpty, case .success(var response) = outcome else { return outcome }
        response.headers = response.headers.map { ($0.name, redacting($0.value)) }
        response.body = redacting(response.body)
        return .success(response)
    }

    /// What was read, where escapes may have hidden something.
    func redacting(_ failure: APIFailure) -> APIFailure {
        guard !patterns.isEmpty else { return failure }
        var clean = failure
        clean.code = failure.code.map(redacting)
        clean.message = failure.message.map(redacting)
        clean.target = failure.target.map(redacting)
        clean.documentationURL = failure.documentationURL.map(redacting)
        clean.meta = failure.meta.map(redacting)
        clean.details = failure.details.map(redacting)
        clean.summary = redacting(failure.summary)
        return clean
    }
}

/// The forms in which a text comes back.
private enum SecretForms {
    static func all(of secret: String) -> [[UInt8]] {
        let strict = PercentEncoding.encode(secret)
        let lower = lowercasedEscapes(strict)
        let texts = [
            secret, strict, lower, strict.replacing("%20", with: "+"),
            lower.replacing("%20", with: "+"), PercentEncoding.encode(strict),
            // Some leave other characters alone: JavaScript, Java, and those that know letters only.
            percent(secret, but: "-._~!*'()"), percent(secret, but: "-._*"),
            percent(secret, but: ""),
            lowercasedEscapes(percent(secret, but: "-._~!*'()")),
            lowercasedEscapes(percent(secret, but: "")),
            escaped(secret, ["\"": "\\\"", "\\": "\\\\"]),
            escaped(secret, ["\"": "\\\"", "\\": "\\\\", "/": "\\/"]),
            unicodeEscaped(secret, "<>&"),
            unicodeEscaped(secret, "<>&").replacing("/", with: "\\/"),
            unicodeEscaped(secret, "<>&'\"+`="),
            unicodeEscaped(secret, "<>&'\"+`=").replacing("/", with: "\\/"),
            escaped(
                secret, ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;"]),
            escaped(
                secret,
                [
                    "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#x27;",
                    "/": "&#x2F;", "=": "&#x3D;", "`": "&#x60;",
                ]),
            hex(Array(secret.utf8), "0123456789abcdef"),
            hex(Array(secret.utf8), "0123456789ABCDEF"),
        ]
        return texts.map { Array($0.utf8) } + base64(of: secret)
    }

    /// Both alphabets, as a whole and as it stands in the middle of something longer.
    ///
    /// Three bytes are four characters, so what stands around decides on the first and last ones
    /// only; they alone tell nothing.
    static func base64(of text: String) -> [[UInt8]] {
        let bytes = Array(text.utf8)
        var forms: [[UInt8]] = []
        for alphabet in [standardAlphabet, addressAlphabet] {
            let whole = encode(bytes, alphabet)
            forms += [whole, whole + (whole.count % 4 == 0 ? [] : [UInt8(ascii: "=")])]
            forms.append(Array(PercentEncoding.encode(String(decoding: whole, as: UTF8.self)).utf8))
            for before in 0..<3 {
                let padded = encode([UInt8](repeating: 0, count: before) + bytes, alphabet)
                let isCut = (before + bytes.count) % 3 != 0
                let inner = padded.dropFirst(before == 0 ? 0 : before + 1).dropLast(isCut ? 1 : 0)
                if inner.count >= Redaction.secretBytesMin { forms.append(Array(inner)) }
            }
        }
        return forms
    }

    private static let standardAlphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let addressAlphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Without padding.
    private static func encode(_ bytes: [UInt8], _ alphabet: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        var bits = 0
        var count = 0
        for byte in bytes {
            bits = (bits << 8 | Int(byte)) & 0xFFFF
            count += 8
            while count >= 6 {
                count -= 6
                encoded.append(alphabet[bits >> count & 63])
            }
        }
        if count > 0 { encoded.append(alphabet[bits << (6 - count) & 63]) }
        return encoded
    }

    private static func percent(_ text: String, but kept: String) -> String {
        let kept = Array(kept.utf8)
        return text.utf8.map { byte in
            ASCII.isLetter(byte) || ASCII.isDigit(byte) || kept.contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + hex([byte], "0123456789ABCDEF")
        }.joined()
    }

    private static func lowercasedEscapes(_ text: String) -> String {
        var left = 0
        var lower: [UInt8] = []
        for byte in text.utf8 {
            lower.append(left > 0 ? ASCII.lowercased(byte) : byte)
            left = byte == UInt8(ascii: "%") ? 2 : max(0, left - 1)
        }
        return String(decoding: lower, as: UTF8.self)
    }

    private static func escaped(_ text: String, _ escapes: [Character: String]) -> String {
        text.map { escapes[$0] ?? String($0) }.joined()
    }

    /// With four hex digits, as JSON writers escape what is special in HTML.
    private static func unicodeEscaped(_ text: String, _ special: String) -> String {
        text.map { character in
            guard special.contains(character), let code = character.asciiValue else {
                return character == "\"" ? "\\\"" : character == "\\" ? "\\\\" : String(character)
            }
            return "\\u00" + hex([code], "0123456789abcdef")
        }.joined()
    }

    private static func hex(_ bytes: [UInt8], _ digits: String) -> String {
        let digits = Array(digits.utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}
