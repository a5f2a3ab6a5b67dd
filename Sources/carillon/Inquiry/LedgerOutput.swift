import Console
import Dashboard
import FoundationEssentials
import JSON
import Store
import Timetable

/// Shows rows of the ledger: as a table for people, or as JSON with every column.
struct LedgerOutput {
    /// A column of a view, how it is titled, and how it is shown to a person.
    struct Column {
        /// How a value is written on a terminal; elsewhere it is written as it is.
        enum Form {
            /// As it is.
            case text
            /// A person's or server's text, cut where there is no room.
            case name
            /// The beginning of an id: `carillon show` takes it.
            case id
            /// How long ago, or in how long.
            case relative
            /// The local time without what goes without saying.
            case local
        }

        var name: String
        var title: String
        var isNumber: Bool
        var form: Form
        /// Left out first on a narrow terminal: the highest.
        var rank: Int
        var isWrapped: Bool
        /// What a person sees instead of the value.
        var shown: @Sendable (String) -> String

        init(
            _ name: String, _ title: String, isNumber: Bool = false, _ form: Form = .text,
            rank: Int = 0, isWrapped: Bool = false,
            shown: @escaping @Sendable (String) -> String = { $0 }
        ) {
            self.name = name
            self.title = title
            self.isNumber = isNumber
            self.form = form
            self.rank = rank
            self.isWrapped = isWrapped
            self.shown = shown
        }
    }

    /// Most characters of an id that a terminal shows.
    private static let idLength = 8
    /// A sentence at the end of a line is cut to no less; other columns are left out before.
    private static let textNarrowest = 24

    /// Columns whose text is JSON already.
    private static let jsonColumns: Set<String> = ["counts", "job_counts", "meta", "details"]

    /// The rows as JSON, one object a line, with all columns of the view by their names.
    static func json(_ table: LedgerTable) -> String {
        JSONText.lines(table.rows.indices.map { object(table, row: $0) })
    }

    /// One row as a JSON object.
    static func object(_ table: LedgerTable, row: Int) -> JSONText {
        .object(
            zip(table.columns, table.rows[row]).map { column, value in
                JSONText.Member(column, json(value, column: column))
            })
    }

    /// The rows as CSV (RFC 4180, lines end with LF) with all columns of the view by their names.
    static func csv(_ table: LedgerTable) -> String {
        var text = table.columns.map { field($0) }.joined(separator: ",") + "\n"
        for row in table.rows {
            text += row.map { $0.words.map { field($0) } ?? "" }.joined(separator: ",") + "\n"
        }
        return text
    }

    /// The chosen columns as an aligned table; columns without any value are left out.
    ///
    /// - Parameters:
    ///   - table: the rows.
    ///   - columns: what is shown of them.
    ///   - style: where it is shown: on a terminal short, elsewhere in full.
    ///   - now: what relative times count from; nil: all values in full.
    /// - Returns: the lines.
    static func text(
        _ table: LedgerTable, _ columns: [Column], _ style: OutputStyle, now: Instant? = nil
    ) -> String {
        let used = columns.filter { column in
            guard let index = table.columns.firstIndex(of: column.name) else { return false }
            return table.rows.contains { $0[index].words.map { !$0.isEmpty } ?? false }
        }
        let isShort = style.width != nil && now != nil
        var text = TextTable(
            used.map {
                let isLast = $0.name == used.last?.name
                return .init(
                    $0.title, isNumber: $0.isNumber, rank: isShort ? $0.rank : 0,
                    narrowest: isShort && $0.form == .name ? (isLast ? textNarrowest : 8) : nil,
                    isWrapped: isShort && $0.isWrapped)
            })
        for row in table.rows.indices {
            text.add(
                used.map { column in
                    let value = table.value(column.name, row: row).words ?? ""
                    let shown = column.shown(value)
                    return TextTable.Cell(
                        isShort ? short(shown, column.form, now) : shown,
                        color: color(column.name, value))
                })
        }
        return text.text(style)
    }

    /// A value as a terminal shows it.
    private static func short(_ value: String, _ form: Column.Form, _ now: Instant?) -> String {
        guard let now else { return value }
        switch form {
        case .text, .name: return value
        case .id: return String(value.prefix(idLength))
        case .local: return RelativeTime.local(value, now: now)
        case .relative:
            return Instant(iso8601: value).map { RelativeTime.text($0, now: now) } ?? value
        }
    }

    /// A field of CSV; a text that a spreadsheet would take for a formula is one no more.
    private static func field(_ text: String) -> String {
        var text = text
        if let first = text.first, "=+-@\t\r".contains(first), Double(text) == nil {
            text = "'" + text
        }
        guard text.contains(where: { ",\"\n\r".contains($0) || $0 == "\r\n" }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// A fact with its title, in as many lines as the terminal needs.
    static func fact(_ title: String, _ text: String, _ style: OutputStyle) -> String {
        let padding = String(repeating: " ", count: max(1, factIndent - title.count))
        let safe = Printable.escaped(text)
        let pieces = style.width.map { TextWidth.wrapped(safe, to: max(20, $0 - factIndent)) }
        let separator = "\n" + String(repeating: " ", count: factIndent)
        return style.bold(title) + padding + (pieces ?? [safe]).joined(separator: separator)
    }

    private static let factIndent = 12

    /// `complete 3, running 1` of `{"complete":3,"running":1}`; zero counts are left out.
    static func counts(_ json: String) -> String {
        guard let counts = try? JSONDecoder().decode([String: Int64].self, from: Data(json.utf8))
        else { return json }
        return counts.filter { $0.value != 0 }.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// `1h 05m` of 3900 seconds.
    static func elapsed(_ seconds: String) -> String {
        guard let total = Int64(seconds), total >= 0 else { return seconds }
        return SpanText.aligned(seconds: total)
    }

    private static func json(_ value: SQLValue, column: String) -> JSONText {
        switch value {
        case .null: return .null
        case .integer(let number): return .integer(number)
        case .double(let number): return .number(number)
        case .string(let text):
            let isJSON = jsonColumns.contains(column) && isValidJSON(text)
            return isJSON ? .raw(text) : .string(text)
        }
    }

    /// What the API sent in `meta` is kept as it came; only valid JSON may go into ours unquoted.
    private static func isValidJSON(_ text: String) -> Bool {
        (try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))) != nil
    }

    /// Taken from what the words of a column are, as on the dashboard.
    private static func color(_ column: String, _ value: String) -> OutputStyle.Color? {
        switch column {
        case "disposition", "outcome": Tone(result: value).color
        case "run_status", "status": Tone(status: value).color
        case "state": ScheduleState(rawValue: value).map { color(of: $0) } ?? pauses[value]
        case "kind":
            // Of a slot or a pause it is no trouble.
            AlarmKind(rawValue: value) != nil || Disposition(rawValue: value) != nil
                ? Tone(attention: value).color : nil
        default: nil
        }
    }

    private static func color(of state: ScheduleState) -> OutputStyle.Color? {
        switch state {
        case .active: nil
        case .setAside: .red
        case .disabled, .removed: .gray
        }
    }

    /// How the view of pauses calls what is in force, and what isn't (any more).
    private static let pauses: [String: OutputStyle.Color] = [
        "in force": .yellow, "to come": .yellow, "over": .gray, "lifted": .gray,
    ]
}

extension Tone {
    /// On a terminal.
    fileprivate var color: OutputStyle.Color? {
        switch self {
        case .good, .live: .green
        case .warn: .yellow
        case .bad: .red
        case .off: .gray
        case .calm: nil
        }
    }
}
