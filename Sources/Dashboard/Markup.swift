/// Text of a page that is drawn without a template: what the program's text says goes out as it
/// stands, and every value in it is escaped.
///
/// A drawing names some thousand values. Each of them, asked for by name through the template engine,
/// cost more than reading it from the ledger did: half of the front page's time.
struct Markup: ExpressibleByStringInterpolation, Sendable {
    /// For a template, which must not escape it again: `{{&name}}`.
    private(set) var text: String

    /// Begins one that will grow.
    ///
    /// - Parameter capacity: in bytes.
    init(capacity: Int) {
        text = ""
        text.reserveCapacity(capacity)
    }

    init(stringLiteral literal: String) { text = literal }
    init(stringInterpolation interpolation: StringInterpolation) { text = interpolation.text }

    static func += (left: inout Markup, right: Markup) { left.text += right.text }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ value: String) { Markup.escape(value, into: &text) }
        mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    }

    /// The same five characters as the template engine's.
    fileprivate static func escape(_ value: String, into text: inout String) {
        let isPlain = value.utf8.allSatisfy { byte in
            byte != 0x26 && byte != 0x3C && byte != 0x3E && byte != 0x22 && byte != 0x27
        }
        if isPlain {
            text += value
            return
        }
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

/// Text for a page that is made elsewhere.
package enum PageText {
    /// The value as an element's text, or between an attribute's quotes.
    package static func escaped(_ value: String) -> String {
        var text = ""
        Markup.escape(value, into: &text)
        return text
    }
}
