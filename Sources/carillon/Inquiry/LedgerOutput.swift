import Console
import FoundationEssentials
import JSON
import Store
import Timetable

/// Shows rows of the ledger: as a table for people, or as JSON with every column.
struct LedgerOutput {
    /// A column of a view and how it is titled.
    struct Column {
        var name: String
        var title: String
        var isNumber = false
        /// What a person sees instead of the value.
        var shown: @Sendable (String) -> String = { $0 }

        init(
            _ name: String, _ title: String, isNumber: Bool = false,
            shown: @escaping @Sendable (String) -> String = { $0 }
        ) {
            self.name = name
            self.title = title
            self.isNumber = isNumber
            self.shown = shown
        }
    }

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

    /// The chosen columns as an aligned table; columns without any value are left out.
    static func text(
        _ table: LedgerTable, _ columns: [Column], _ style: OutputStyle
    ) -> String {
        let used = columns.filter { column in
            guard let index = table.columns.firstIndex(of: column.name) else { return false }
            return table.rows.contains { $0[index].words.map { !$0.isEmpty } ?? false }
        }
        var text = TextTable(used.map { .init($0.title, isNumber: $0.isNumber) })
        for row in table.rows.indices {
            text.add(
                used.map { column in
                    let value = table.value(column.name, row: row).words ?? ""
                    return TextTable.Cell(column.shown(value), color: color(column.name, value))
                })
        }
        return text.text(style)
    }

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
        switch total {
        case ..<60: return "\(total)s"
        case ..<3600: return "\(total / 60)m \(String(total % 60, width: 2))s"
        case ..<86_400: return "\(total / 3600)h \(String(total / 60 % 60, width: 2))m"
        default: return "\(total / 86_400)d \(String(total / 3600 % 24, width: 2))h"
        }
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

    private static func color(_ column: String, _ value: String) -> OutputStyle.Color? {
        guard ["disposition", "outcome", "run_status", "status", "kind"].contains(column) else {
            return nil
        }
        switch value {
        case "started", "succeeded", "complete": return .green
        case "failed", "missed", "expired", "error", "lost", "possible_duplicate": return .red
        case "held", "unknown", "attention", "errorHold", "late": return .yellow
        case "skipped", "coalesced", "cancelled": return .gray
        default: return nil
        }
    }
}
