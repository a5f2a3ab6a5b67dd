/// Rows of text in aligned columns.
package struct TextTable: Sendable {
    /// A column: its title, on which side its cells stand, and what gives way on a narrow terminal.
    package struct Column: Sendable {
        package var title: String
        package var isNumber: Bool
        /// Left out first where there is no room: the highest rank; 0 is always shown.
        package var rank: Int
        /// How narrow its cells may be cut; nil: never cut, except in the last column.
        package var narrowest: Int?
        /// As the last column it goes on in further lines instead of being cut.
        package var isWrapped: Bool

        package init(
            _ title: String, isNumber: Bool = false, rank: Int = 0, narrowest: Int? = nil,
            isWrapped: Bool = false
        ) {
            self.title = title
            self.isNumber = isNumber
            self.rank = rank
            self.narrowest = narrowest
            self.isWrapped = isWrapped
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

    /// Between two columns.
    private static let gap = 2
    /// The last column is not cut below this.
    private static let lastNarrowest = 8

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

    /// The table as lines that fit the terminal, as far as columns may be left out and cells cut.
    package func text(_ style: OutputStyle) -> String {
        let layout = layout(style.width)
        let header = columns.map { Cell($0.title) }
        var lines = self.lines(header, layout, style, isHeader: true).map(style.bold)
        for row in rows { lines += self.lines(row, layout, style, isHeader: false) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Which columns are shown, and how wide.
    private typealias Layout = [(column: Int, width: Int)]

    private func layout(_ room: Int?) -> Layout {
        var layout: Layout = columns.indices.map { index in
            let cells = rows.map { index < $0.count ? $0[index].text : "" }
            return (index, ([columns[index].title] + cells).map(TextWidth.columns).max() ?? 0)
        }
        guard let room else { return layout }
        func total(_ widths: [Int]) -> Int { widths.reduce(0) { $0 + $1 + Self.gap } - Self.gap }
        func narrowest(_ place: Int) -> Int {
            let (index, width) = layout[place]
            let isLast = place == layout.count - 1
            let limit = columns[index].narrowest ?? (isLast ? Self.lastNarrowest : width)
            return min(width, max(limit, 1))
        }
        while total(layout.indices.map(narrowest)) > room,
            let place = layout.indices.max(by: {
                (columns[layout[$0].column].rank, $0) < (columns[layout[$1].column].rank, $1)
            }), columns[layout[place].column].rank > 0
        {
            layout.remove(at: place)
        }
        let floors = layout.indices.map(narrowest)
        // The widest gives way first, so that a long text is cut before a name is.
        while total(layout.map(\.width)) > room,
            let place = layout.indices.filter({ layout[$0].width > floors[$0] })
                .max(by: { layout[$0].width <= layout[$1].width })
        {
            layout[place].width -= 1
        }
        return layout
    }

    private func lines(
        _ row: [Cell], _ layout: Layout, _ style: OutputStyle, isHeader: Bool
    ) -> [String] {
        var text = ""
        var rest: [String] = []
        var used = 0
        for (place, (index, width)) in layout.enumerated() {
            let isLast = place == layout.count - 1
            let cell = index < row.count ? row[index] : ""
            var content = cell.text
            if isLast, columns[index].isWrapped, !isHeader {
                let pieces = TextWidth.wrapped(content, to: width)
                content = pieces.first ?? ""
                rest = pieces.dropFirst().map { String(repeating: " ", count: used) + $0 }
            } else {
                content = TextWidth.cut(content, to: width)
            }
            let padding = String(repeating: " ", count: max(0, width - TextWidth.columns(content)))
            let shown = cell.color.map { style.colored(content, $0) } ?? content
            if columns[index].isNumber {
                text += padding + shown
            } else {
                text += isLast ? shown : shown + padding
            }
            if !isLast { text += String(repeating: " ", count: Self.gap) }
            used += width + Self.gap
        }
        while text.hasSuffix(" ") { text.removeLast() }
        return [text] + rest
    }
}

/// How many columns of a terminal a text takes.
package enum TextWidth {
    /// The columns that the text takes.
    package static func columns(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + columns($1) }
    }

    /// The text, or its beginning and `…` if it is wider than the room.
    package static func cut(_ text: String, to room: Int) -> String {
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

    /// The text in lines of at most that many columns, broken at blanks where there are any.
    package static func wrapped(_ text: String, to room: Int) -> [String] {
        guard columns(text) > room, room > 0 else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            var word = String(word)
            let joined = line.isEmpty ? word : line + " " + word
            if columns(joined) <= room {
                line = joined
                continue
            }
            if !line.isEmpty { lines.append(line) }
            while columns(word) > room {
                var head = ""
                for character in word {
                    guard columns(head) + columns(character) <= room || head.isEmpty else { break }
                    head.append(character)
                }
                lines.append(head)
                word.removeFirst(head.count)
            }
            line = word
        }
        if !line.isEmpty { lines.append(line) }
        return lines
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
