/// Judges the text that a secret's file or variable holds, before it is sent anywhere.
///
/// What editors, shells and copying add around a secret and nobody means is taken off: a byte order
/// mark, blanks, line breaks, characters without width. What may or may not be meant is refused in
/// words, since a wrong guess would be told as "the credential is refused" by the API only.
enum SecretText {
    /// Why a text is no secret, as the end of a sentence; it never repeats any of it.
    struct Refusal: Error, Equatable { var reason: String }

    /// The secret in a text.
    static func secret(in text: String) throws(Refusal) -> String {
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.firstIndex(where: { !isPadding($0) }),
            let last = scalars.lastIndex(where: { !isPadding($0) })
        else { throw Refusal(reason: "is empty") }
        let inner = scalars[first...last]
        if inner.contains(where: { $0 == "\n" || $0 == "\r" }) {
            throw Refusal(reason: "holds more than one line; keep the one with the secret")
        }
        for (index, scalar) in inner.enumerated() {
            guard let what = objection(to: scalar) else { continue }
            throw Refusal(
                reason:
                    "holds \(what) as character \(index + 1) of \(inner.count); write the secret "
                    + "anew, without it")
        }
        try refuseWrapping(String(String.UnicodeScalarView(inner)))
        return String(String.UnicodeScalarView(inner))
    }

    /// What may stand around a secret and is never part of one.
    private static func isPadding(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\t" || scalar == " "
            || isWidthless(scalar) || scalar.properties.isWhitespace
    }

    /// Byte order mark, zero-width spaces and joiners, soft hyphen, direction marks.
    private static func isWidthless(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .format
            || scalar.properties.isDefaultIgnorableCodePoint
    }

    /// A client secret is printable ASCII (RFC 6749, appendix A), in which blanks are allowed.
    private static func objection(to scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        case 0x09: return "a tab"
        case 0x20...0x7E: return nil
        case 0..<0x20, 0x7F..<0xA0: return "a control character"
        default:
            let code = String(scalar.value, radix: 16, uppercase: true)
            let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
            return isWidthless(scalar)
                ? "an invisible character (\(name))" : "a character that is not ASCII (\(name))"
        }
    }

    /// Quotes belong to shells, braces and names to other files: `SECRET=…`, `{"secret": …}`.
    private static func refuseWrapping(_ text: String) throws(Refusal) {
        let quotes: Set<Character> = ["\"", "'", "`"]
        if text.first.map(quotes.contains) == true || text.last.map(quotes.contains) == true {
            throw Refusal(
                reason:
                    "has a quote at its beginning or end; write the secret alone, without quotes")
        }
        if text.hasPrefix("{") || text.hasPrefix("<") || text.hasPrefix("-----BEGIN") {
            throw Refusal(
                reason: "looks like a document or a placeholder; write the secret alone")
        }
        if text.lowercased().hasPrefix("bearer ") || text.lowercased().hasPrefix("basic ") {
            throw Refusal(reason: "begins with the name of a scheme; write what follows it, alone")
        }
        let name = text.prefix { $0.isLetter || $0 == "_" || $0 == "-" }
        let rest = text.dropFirst(name.count)
        let lower = name.lowercased()
        // A colon alone may well be the secret's own.
        if rest.first == "=" || rest.hasPrefix(": "), rest.count > 1,
            ["secret", "client", "password", "token"].contains(where: { lower.contains($0) })
        {
            throw Refusal(
                reason: "begins with a name and \"\(rest.prefix(1))\"; write what follows it, alone"
            )
        }
    }
}
