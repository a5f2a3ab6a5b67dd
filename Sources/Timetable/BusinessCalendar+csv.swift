/// Reads dates from CSV text: close calendars and holiday lists.
package enum DatesCSV {
    /// The dates and names of a CSV text.
    ///
    /// The first field of a line that holds a date `yyyy-mm-dd` counts, the first other field that
    /// isn't empty is the name. Commas and semicolons separate, fields may be quoted, `#` begins a
    /// comment line. A first line without a date is a header; any other one is an error.
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
                if isFirst { continue }
                throw CalendarError("no date of the form yyyy-mm-dd in this line", line: number + 1)
            }
            let name = fields.indices.first { $0 != index && !fields[$0].isEmpty }
            found.append(.init(date, name: name.map { fields[$0] } ?? ""))
        }
        return found
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

/// The lines of a text, ended by LF or CRLF; a byte order mark at the start is dropped.
func lines(of text: String) -> [String] {
    var bytes = Array(text.utf8)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
        var line = $0
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}

/// The text without blanks and tabs at its ends.
func trimmed(_ text: String) -> String {
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    let bytes = text.utf8.drop(while: isBlank)
    guard let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(decoding: bytes[...last], as: UTF8.self)
}
