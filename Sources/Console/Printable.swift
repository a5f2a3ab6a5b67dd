/// Makes text from outside safe to print on a terminal.
package enum Printable {
    /// The text with control characters, line breaks and bidi controls escaped as `\u{…}`.
    ///
    /// Names and messages come from a server; unescaped they could move the cursor, set the
    /// window's title, or fake a line of output.
    package static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: mustEscape) else { return text }
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": safe += "\\n"
            case "\r": safe += "\\r"
            case "\t": safe += "\\t"
            case _ where mustEscape(scalar):
                safe += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    /// The escaped text, cut to at most `limit` characters with `…` at the end.
    package static func escaped(_ text: String, limit: Int) -> String {
        let safe = escaped(text)
        return safe.count <= limit ? safe : String(safe.prefix(max(0, limit - 1))) + "…"
    }

    private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}
