import JSON

/// Why a scenario file can't be used.
package struct ScenarioError: Error, CustomStringConvertible, Sendable {
    /// Where in the file, as `processes[2].root`; empty: the file as a whole.
    package let path: String
    /// What is wrong there.
    package let message: String

    /// Path and message in one line.
    package var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// The keys of one JSON object, each read at most once; what is left over is a mistake.
struct JSONFields {
    let path: String
    private var rest: [String: JSONValue]

    init(_ value: JSONValue, path: String) throws(ScenarioError) {
        guard case .object(let fields) = value else {
            throw ScenarioError(path: path, message: "an object is expected")
        }
        self.path = path
        rest = fields
    }

    /// Refuses the keys that nobody asked for.
    func finish() throws(ScenarioError) {
        guard let key = rest.keys.min() else { return }
        throw ScenarioError(path: at(key), message: "unknown key")
    }

    func at(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    mutating func value(_ key: String) -> JSONValue? {
        rest.removeValue(forKey: key)
    }

    mutating func string(_ key: String) throws(ScenarioError) -> String? {
        switch value(key) {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw ScenarioError(path: at(key), message: "a string is expected")
        }
    }

    mutating func required(_ key: String) throws(ScenarioError) -> String {
        guard let text = try string(key) else {
            throw ScenarioError(path: at(key), message: "is missing")
        }
        return text
    }

    mutating func bool(_ key: String) throws(ScenarioError) -> Bool? {
        switch value(key) {
        case nil, .null: return nil
        case .bool(let value): return value
        default: throw ScenarioError(path: at(key), message: "true or false is expected")
        }
    }

    mutating func double(_ key: String) throws(ScenarioError) -> Double? {
        switch value(key) {
        case nil, .null: return nil
        case .number(let value): return value
        default: throw ScenarioError(path: at(key), message: "a number is expected")
        }
    }

    mutating func integer(_ key: String) throws(ScenarioError) -> Int64? {
        guard let number = try double(key) else { return nil }
        return try Self.integer(number, at(key))
    }

    /// A number, or two as the ends of a range.
    mutating func range(_ key: String) throws(ScenarioError) -> ClosedRange<Int64>? {
        switch value(key) {
        case nil, .null: return nil
        case .number(let number):
            let value = try Self.integer(number, at(key))
            return value...value
        case .array(let ends):
            guard ends.count == 2, case .number(let low) = ends[0], case .number(let high) = ends[1]
            else { fallthrough }
            let first = try Self.integer(low, at(key))
            let last = try Self.integer(high, at(key))
            guard first <= last else {
                throw ScenarioError(path: at(key), message: "the range is upside down")
            }
            return first...last
        default:
            throw ScenarioError(path: at(key), message: "a number or [from, to] is expected")
        }
    }

    mutating func array(_ key: String) throws(ScenarioError) -> [JSONValue]? {
        switch value(key) {
        case nil, .null: return nil
        case .array(let values): return values
        default: throw ScenarioError(path: at(key), message: "an array is expected")
        }
    }

    mutating func strings(_ key: String) throws(ScenarioError) -> [String]? {
        guard let values = try array(key) else { return nil }
        var texts: [String] = []
        for value in values {
            guard case .string(let text) = value else {
                throw ScenarioError(path: at(key), message: "strings are expected")
            }
            texts.append(text)
        }
        return texts
    }

    /// A whole number that a day, a month or a decade of milliseconds fits in.
    private static func integer(_ number: Double, _ path: String) throws(ScenarioError) -> Int64 {
        guard number.rounded() == number, abs(number) <= 1e15 else {
            throw ScenarioError(path: path, message: "a whole number up to 10^15 is expected")
        }
        return Int64(number)
    }
}
