import Console
import JSON
import Timetable

/// A year of a calendar for people: business days of each month, and its holidays.
struct CalendarYear {
    /// A month: how many business days it has, and which days are holidays.
    struct Month: Equatable {
        var month: Int
        var businessDays: Int
        var first: CivilDate?
        var last: CivilDate?
        var holidays: [BusinessCalendar.Holiday]
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    let name: String
    let year: Int
    let months: [Month]
    let lastKnownDay: CivilDate?

    init(_ calendar: BusinessCalendar, year: Int) {
        name = calendar.name
        self.year = year
        lastKnownDay = calendar.lastKnownDay
        months = (1...12).map { month in
            let days = (1...CivilDate.length(ofMonth: month, year: year)).map {
                CivilDate(year: year, month: month, day: $0)
            }
            let business = days.filter { calendar.isBusinessDay($0) }
            return Month(
                month: month, businessDays: business.count, first: business.first,
                last: business.last,
                holidays: days.compactMap { day in
                    calendar.holidayName(on: day).map { BusinessCalendar.Holiday(day, name: $0) }
                })
        }
    }

    /// Where the calendar's knowledge ends, if that is within the year or before it.
    var note: String? {
        guard let lastKnownDay else {
            return "calendar \(name) has no holidays: every day of its week but the weekend is a "
                + "business day"
        }
        guard lastKnownDay.year <= year else { return nil }
        return lastKnownDay.year < year
            ? "calendar \(name) knows nothing of \(year): its last holiday is "
                + "\(lastKnownDay.iso8601), so holidays are missing here"
            : "calendar \(name) ends on \(lastKnownDay.iso8601): later holidays are not known"
    }

    func text(_ style: OutputStyle) -> String {
        var table = TextTable([
            .init("MONTH"), .init("BUSINESS DAYS"), .init("FIRST"), .init("LAST"),
            .init("HOLIDAYS"),
        ])
        for month in months {
            let holidays = month.holidays.map { holiday in
                Self.shown(holiday.date) + (holiday.name.isEmpty ? "" : " \(holiday.name)")
            }
            table.add([
                .init(String(CivilDate(year: year, month: month.month, day: 1).iso8601.prefix(7))),
                .init(String(month.businessDays)), .init(month.first.map(Self.shown) ?? "-"),
                .init(month.last.map(Self.shown) ?? "-"),
                .init(holidays.joined(separator: ", ")),
            ])
        }
        let days = months.map(\.businessDays).reduce(0, +)
        let holidays = months.map(\.holidays.count).reduce(0, +)
        return table.text(style)
            + "\(year): \(Words.count(days, "business day")), \(Words.count(holidays, "holiday"))\n"
    }

    private static func shown(_ date: CivilDate) -> String {
        "\(weekdays[date.weekday]) \(date.day)"
    }

    var json: JSONText {
        func text(_ date: CivilDate?) -> JSONText {
            date.map { .string($0.iso8601) } ?? .null
        }
        return .object([
            .init("calendar", .string(name)), .init("year", .integer(Int64(year))),
            .init("known_until", text(lastKnownDay)),
            .init(
                "business_days",
                .integer(Int64(months.map(\.businessDays).reduce(0, +)))),
            .init(
                "months",
                .array(
                    months.map { month in
                        .object([
                            .init("month", .integer(Int64(month.month))),
                            .init("business_days", .integer(Int64(month.businessDays))),
                            .init("first", text(month.first)), .init("last", text(month.last)),
                            .init(
                                "holidays",
                                .array(
                                    month.holidays.map { holiday in
                                        .object([
                                            .init("date", .string(holiday.date.iso8601)),
                                            .init(
                                                "name",
                                                holiday.name.isEmpty
                                                    ? .null : .string(holiday.name)),
                                        ])
                                    })),
                        ])
                    })),
        ])
    }
}
