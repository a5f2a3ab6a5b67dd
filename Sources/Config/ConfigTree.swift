import Console
import TOMLKit

/// One value of a config file together with where it stands.
struct ConfigNode {
    /// A TOML value; dates and times are kept as written (`raw`), since they are ours to judge.
    enum Value {
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        case dateOrTime
        case array([ConfigNode])
        case table([String: ConfigNode])
    }

    var value: Value
    var path: ConfigPath
    var keyPosition: SourcePosition
    var valuePosition: SourcePosition
    /// The value as written in the file.
    var raw: String

    /// What kind of value this is, in words.
    var kind: String {
        switch value {
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a number"
        case .boolean: "a boolean"
        case .dateOrTime: "a date or time"
        case .array: "an array"
        case .table: "a table"
        }
    }

    /// The value as written, shortened for messages; never a login or what may be a secret.
    var shown: String {
        raw.isEmpty || Withheld.isSecret(path)
            ? kind : Printable.escaped(Withheld.withoutLogin(raw), limit: 60)
    }

    /// What to write where a list of tables stands for one: people double the brackets of a header.
    var listAdvice: String {
        guard case .array(let elements) = value, elements.first?.entries != nil else { return "" }
        return "; write its header with single brackets, [\(path)]"
    }

    /// The entries of a table, or nil.
    var entries: [String: ConfigNode]? {
        if case .table(let entries) = value { entries } else { nil }
    }
}

/// Turns the text of one file into a tree of values with positions.
enum ConfigTree {
    /// Parses the text; a syntax error is noted and answers nil.
    static func parse(
        _ bytes: [UInt8], file: String, problems: ConfigProblems
    ) -> ConfigNode? {
        let top = SourcePosition(file: file, line: 1, column: 1)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            problems.error(ConfigPath(), at: top, "is not UTF-8 text")
            return nil
        }
        // TOMLKit passes the text on as a C string: a NUL would silently end the file there.
        if let cut = bytes.firstIndex(of: 0) {
            let line = bytes[..<cut].count { $0 == 0x0A } + 1
            let position = SourcePosition(file: file, line: line, column: 1)
            problems.error(ConfigPath(), at: position, "holds a NUL character, which TOML forbids")
            return nil
        }
        let positions = TOMLPositions(bytes)
        if let hazard = positions.hazard {
            refuse(hazard, before: bytes[..<hazard.offset], file, problems)
            return nil
        }
        do {
            let table = try TOMLTable(string: text)
            // TOMLKit frees no table; this lets go of all that is in it. A thousand schedules were a
            // megabyte, lost with each reload.
            defer { table.clear() }
            if positions.hasEscapedNUL {
                problems.error(ConfigPath(), at: top, "a string holds \\u0000, which is refused")
                return nil
            }
            let builder = Builder(file: file, positions: positions)
            return builder.node(table, path: ConfigPath(), parent: top)
        } catch {
            note(error, file, problems)
        }
        return nil
    }

    /// Notes what TOMLKit must not be shown, or the error before it that it would have met first.
    private static func refuse(
        _ hazard: TOMLPositions.Hazard, before bytes: ArraySlice<UInt8>, _ file: String,
        _ problems: ConfigProblems
    ) {
        let position = SourcePosition(
            file: file, line: hazard.place.keyLine, column: hazard.place.keyColumn)
        do {
            try TOMLTable(string: String(decoding: bytes, as: UTF8.self)).clear()
        } catch let error as TOMLParseError where !error.description.contains("end-of-file") {
            return note(error, file, problems)
        } catch {
            // The text only ends too early, in the middle of a value: the hazard is the error.
        }
        problems.error(ConfigPath(), at: position, "TOML syntax: \(hazard.message)")
    }

    private static func note(_ error: any Error, _ file: String, _ problems: ConfigProblems) {
        let begin = (error as? TOMLParseError)?.source.begin
        var words = Withheld.withoutLogin((error as? TOMLParseError)?.description ?? "\(error)")
        // The parser's words for a line that ends inside of "…".
        if words.contains("unescaped control characters") {
            words = "a text has no closing quote in its line, or holds a control character"
        }
        let position = SourcePosition(
            file: file, line: begin?.line ?? 1, column: begin?.column ?? 1)
        problems.error(
            ConfigPath(), at: position, "TOML syntax: " + Printable.escaped(words, limit: 300))
    }

    private struct Builder {
        let file: String
        let positions: TOMLPositions

        func node(
            _ value: any TOMLValueConvertible, path: ConfigPath, parent: SourcePosition
        ) -> ConfigNode {
            let place = positions.places[path]
            let key = place.map {
                SourcePosition(file: file, line: $0.keyLine, column: $0.keyColumn)
            }
            let start = place.map {
                SourcePosition(file: file, line: $0.valueLine, column: $0.valueColumn)
            }
            return ConfigNode(
                value: content(value, path: path, position: start ?? parent), path: path,
                keyPosition: key ?? parent, valuePosition: start ?? parent, raw: place?.raw ?? "")
        }

        private func content(
            _ value: any TOMLValueConvertible, path: ConfigPath, position: SourcePosition
        ) -> ConfigNode.Value {
            switch value.type {
            case .string: return .string(value.string ?? "")
            case .int: return .integer(value.int.map(Int64.init) ?? 0)
            case .double: return .float(value.double ?? .nan)
            case .bool: return .boolean(value.bool ?? false)
            case .date, .time, .dateTime: return .dateOrTime
            case .array:
                guard let array = value.array else { return .array([]) }
                return .array(
                    (0..<array.count).map { index in
                        node(array[index], path: path.appending(index: index), parent: position)
                    })
            case .table:
                var entries: [String: ConfigNode] = [:]
                guard let table = value.table else { return .table([:]) }
                for key in table.keys {
                    guard let entry = table[key] else { continue }
                    entries[key] = node(entry, path: path.appending(key), parent: position)
                }
                return .table(entries)
            }
        }
    }
}
