import Timetable

/// Chooses the parser of a file of dates by the file's name.
enum HolidayFile {
    /// The days of an ICS or CSV file, with their names; a file without any is an error.
    static func days(
        _ text: String, path: String
    ) throws(CalendarError) -> [BusinessCalendar.Holiday] {
        let name = path.lowercased()
        let days: [BusinessCalendar.Holiday]
        if name.hasSuffix(".ics") {
            days = try ICS.parse(text)
        } else if name.hasSuffix(".csv") {
            days = try DatesCSV.parse(text)
        } else {
            throw CalendarError("only .ics and .csv files are read")
        }
        // A file of nothing is a failed download or a half-saved one, and every holiday would be a
        // business day without a word.
        guard !days.isEmpty else {
            throw CalendarError(
                "holds no date: write at least one, or take the file out of the config")
        }
        return days
    }
}
