import Timetable

/// Texts between quotation marks, as JSON wants them; every JSON that is written goes through here.
package enum JSONString {
    /// The text with its quotation marks.
    package static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text with its quotation marks.
    ///
    /// Escaped are what JSON demands, and what acts on a terminal though nobody sees it: DEL, C1
    /// controls, line separators and marks of the writing direction.
    package static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(quote)
        // Ids, statuses and names come by the thousand, and nearly all are this plain.
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != quote && $0 != backslash }) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for scalar in text.unicodeScalars { append(scalar, to: &bytes) }
        }
        bytes.append(quote)
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        switch scalar {
        case "\"": bytes += [backslash, quote]
        case "\\": bytes += [backslash, backslash]
        case "\n": bytes += [backslash, UInt8(ascii: "n")]
        case "\r": bytes += [backslash, UInt8(ascii: "r")]
        case "\t": bytes += [backslash, UInt8(ascii: "t")]
        case _ where isInvisible(scalar):
            bytes.append(contentsOf: "\\u\(String(scalar.value, width: 4, radix: 16))".utf8)
        default: bytes.append(contentsOf: String(scalar).utf8)
        }
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
