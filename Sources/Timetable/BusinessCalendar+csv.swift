/// Reads dates from CSV text: close calendars and holiday lists.
package enum DatesCSV {
    /// The dates and names of a CSV text.
    ///
    /// The first field of a line that holds a date `yyyy-mm-dd` counts, the first other field that
    /// isn't empty is the name. Commas and semicolons separate, fields may be quoted, `#` begins a
    /// comment line. A first line without a date is a header, unless it has the digits of a date in
    /// some other form; any other one is an error.
    /// - Parameter text: the whole file.
    /// - Throws: `CalendarError` with the line.
    /// - Returns: the days in the file's order.
    package static func parse(
        _ text: String
    ) throws(CalendarError) -> [BusinessCalendar.Holiday] {
        var found: [BusinessCalendar.Holiday] = []
        var isFirst = true
        for (number, line) in lines(of: text).enumerated() {
            let fields = try fields(of: line, number: number + 1)
            guard fields.contains(where: { !$0.isEmpty }), !fields[0].hasPrefix("#") else {
                continue
            }
            defer { isFirst = false }
            guard let index = fields.firstIndex(where: { CivilDate(iso8601: $0) != nil }),
                let date = CivilDate(iso8601: fields[index])
            else {
                if isFirst, !looksLikeDate(line) { continue }
                throw CalendarError(
                    "no date of the form yyyy-mm-dd in this line (\(shown(line)))", line: number + 1
                )
            }
            let name = fields.indices.first { $0 != index && !fields[$0].isEmpty }
            found.append(.init(date, name: name.map { fields[$0] } ?? ""))
        }
        return found
    }

    /// Whether a line without a readable date has one in another form.
    ///
    /// Such as `25.12.2026`, `12/25/26`, `25 Dec 2026`, `20261225`, or a spreadsheet's 46381; the year
    /// in a header is none.
    private static func looksLikeDate(_ line: String) -> Bool {
        let groups = line.utf8.split { !(0x30...0x39).contains($0) }
        if groups.count > 1 || groups.contains(where: { $0.count > 4 }) { return true }
        guard let only = groups.first, only.count <= 2 else { return false }
        let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov"]
        let text = line.lowercased()
        return (months + ["dec"]).contains { text.contains($0) }
    }

    /// The line for a message: short, and without what a terminal would obey.
    private static func shown(_ line: String) -> String {
        let plain = line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        let text = String(String.UnicodeScalarView(plain))
        return text.count <= 40 ? text : String(text.prefix(39)) + "…"
    }

    /// Splits a line into its fields, without the blanks around them.
    private static func fields(of line: String, number: Int) throws(CalendarError) -> [String] {
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        var characters = line.unicodeScalars.makeIterator()
        var pending = characters.next()
        while let scalar = pending {
            pending = characters.next()
            switch scalar {
            case "\"" where isQuoted && pending == "\"":
                field.unicodeScalars.append("\"")
                pending = characters.next()
            case "\"":
                isQuoted.toggle()
            case "," where !isQuoted, ";" where !isQuoted:
                fields.append(trimmed(field))
                field = ""
            default:
                field.unicodeScalars.append(scalar)
            }
        }
        guard !isQuoted else { throw CalendarError("a quote isn't closed", line: number) }
        fields.append(trimmed(field))
        return fields
    }
}

/// The lines of a text, ended by LF, CRLF or a CR alone, as a spreadsheet on a Mac writes them; a
/// byte order mark at the start is dropped.
func lines(of text: String) -> [String] {
    var bytes = Array(text.utf8)[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var lines: [String] = []
    var begin = bytes.startIndex
    var index = begin
    while index < bytes.endIndex {
        let byte = bytes[index]
        guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
            index += 1
            continue
        }
        lines.append(String(decoding: bytes[begin..<index], as: UTF8.self))
        let isPair =
            byte == UInt8(ascii: "\r") && index + 1 < bytes.endIndex
            && bytes[index + 1] == UInt8(ascii: "\n")
        index += isPair ? 2 : 1
        begin = index
    }
    lines.append(String(decoding: bytes[begin...], as: UTF8.self))
    return lines
}

/// The text without blanks and tabs at its ends.
func trimmed(_ text: String) -> String {
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    let bytes = text.utf8.drop(while: isBlank)
    guard let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(decoding: bytes[...last], as: UTF8.self)
}
