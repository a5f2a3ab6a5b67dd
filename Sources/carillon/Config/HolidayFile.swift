import Timetable

/// Chooses the parser of a file of dates by the file's name.
enum HolidayFile {
    /// The holidays of an ICS or CSV file.
    static func holidays(
        _ text: String, path: String
    ) throws(CalendarError) -> [BusinessCalendar.Holiday] {
        try dates(text, path: path).map { BusinessCalendar.Holiday($0) }
    }

    /// The dates of a close calendar.
    static func dates(_ text: String, path: String) throws(CalendarError) -> [CivilDate] {
        guard path.lowercased().hasSuffix(".csv") else {
            throw CalendarError("only .csv files are read so far")
        }
        var dates: [CivilDate] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let field = line.prefix { $0 != "," && $0 != ";" && $0 != "\r" }
            if field.isEmpty || field.hasPrefix("#") { continue }
            guard let local = LocalDateTime(iso8601: String(field)), local.date.isValid else {
                if number == 0 { continue }
                throw CalendarError("not a date", line: number + 1)
            }
            dates.append(local.date)
        }
        return dates
    }
}
