import Timetable

/// Chooses the parser of a file of dates by the file's name.
enum HolidayFile {
    /// The days of an ICS or CSV file, with their names.
    static func days(
        _ text: String, path: String
    ) throws(CalendarError) -> [BusinessCalendar.Holiday] {
        let name = path.lowercased()
        if name.hasSuffix(".ics") { return try ICS.parse(text) }
        if name.hasSuffix(".csv") { return try DatesCSV.parse(text) }
        throw CalendarError("only .ics and .csv files are read")
    }
}
