/// A JSON value with the keys of its objects in the order they were given.
package indirect enum JSONText: Sendable, Equatable, ExpressibleByStringLiteral {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONText])
    case object([Member])
    /// Text that already is JSON, such as the `counts` column of a view.
    case raw(String)

    /// A key and its value.
    package struct Member: Sendable, Equatable {
        package var key: String
        package var value: JSONText

        package init(_ key: String, _ value: JSONText) {
            self.key = key
            self.value = value
        }
    }

    package init(stringLiteral value: String) { self = .string(value) }

    /// A string, or null.
    package static func optional(_ text: String?) -> JSONText { text.map(string) ?? .null }

    /// The value on one line.
    package var text: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): value.isFinite ? "\(value)" : "null"
        case .string(let value): JSONString.quoted(value)
        case .array(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
        case .object(let members):
            "{"
                + members.map { JSONString.quoted($0.key) + ": " + $0.value.text }
                .joined(separator: ", ") + "}"
        case .raw(let text): text
        }
    }

    /// A list with one element a line, which people and line tools can both read.
    package static func lines(_ values: [JSONText]) -> String {
        values.isEmpty ? "[]\n" : "[\n" + values.map(\.text).joined(separator: ",\n") + "\n]\n"
    }
}
