/// Rows of text in aligned columns.
package struct TextTable: Sendable {
    /// A column: its title, and on which side its cells stand.
    package struct Column: Sendable {
        package var title: String
        package var isNumber: Bool

        package init(_ title: String, isNumber: Bool = false) {
            self.title = title
            self.isNumber = isNumber
        }
    }

    /// A cell: its text, and a colour for the terminal.
    package struct Cell: Sendable, ExpressibleByStringLiteral {
        package var text: String
        package var color: OutputStyle.Color?

        /// Makes a cell; control characters of the text are escaped.
        package init(_ text: String, color: OutputStyle.Color? = nil) {
            self.text = Printable.escaped(text)
            self.color = color
        }

        /// Makes a cell of a fixed text.
        package init(stringLiteral value: String) { self.init(value) }
    }

    package var columns: [Column]
    package var rows: [[Cell]] = []

    /// Makes an empty table.
    package init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Adds a row; missing cells stay empty.
    package mutating func add(_ cells: [Cell]) {
        rows.append(cells)
    }

    /// The table as lines, cut to the terminal's width in the last column where that is enough.
    package func text(_ style: OutputStyle) -> String {
        let widths = columns.indices.map { index in
            ([columns[index].title] + rows.map { index < $0.count ? $0[index].text : "" })
                .map(TextWidth.columns).max() ?? 0
        }
        let header = columns.map { Cell($0.title) }
        var lines = [style.bold(line(header, widths, style, isHeader: true))]
        for row in rows { lines.append(line(row, widths, style, isHeader: false)) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func line(
        _ row: [Cell], _ widths: [Int], _ style: OutputStyle, isHeader: Bool
    ) -> String {
        var text = ""
        var used = 0
        for (index, width) in widths.enumerated() {
            let isLast = index == widths.count - 1
            let cell = index < row.count ? row[index] : ""
            var content = cell.text
            if isLast, let room = style.width.map({ $0 - used }), room >= 8 {
                content = TextWidth.cut(content, to: room)
            }
            let padding = String(repeating: " ", count: max(0, width - TextWidth.columns(content)))
            let shown =
                isHeader ? content : cell.color.map { style.colored(content, $0) } ?? content
            if columns[index].isNumber {
                text += padding + shown
            } else {
                text += isLast ? shown : shown + padding
            }
            if !isLast { text += "  " }
            used += width + 2
        }
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }
}

/// How many columns of a terminal a text takes.
enum TextWidth {
    static func columns(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + columns($1) }
    }

    /// The text, or its beginning and `…` if it is wider than the room.
    static func cut(_ text: String, to room: Int) -> String {
        guard columns(text) > room else { return text }
        var kept = ""
        var used = 1
        for character in text {
            used += columns(character)
            if used > room { break }
            kept.append(character)
        }
        return kept + "…"
    }

    /// Two for the wide characters of East Asia and emoji, as terminals draw them.
    private static func columns(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
