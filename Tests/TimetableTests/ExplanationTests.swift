import Testing
import Timetable

/// Rules in plain English.
@Suite struct ExplanationTests {
    static let sentences: [(String, String)] = [
        ("* * * * *", "Every minute, every day."),
        ("*/15 * * * *", "Every 15 minutes, every day."),
        ("*/7 * * * *", "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour, every day."),
        ("5 * * * *", "At minute 5 of every hour, every day."),
        ("0 6 * * 1-5", "At 06:00, Monday through Friday."),
        ("0 6,18 * * *", "At 06:00 and 18:00, every day."),
        (
            "*/15 9-17 * * 1-5",
            "Every 15 minutes in hours 9 through 17, Monday through Friday."
        ),
        ("0 */2 * * *", "Every 2 hours from midnight, every day."),
        ("5,35 */3 * * *", "At minutes 5 and 35 of every 3rd hour, every day."),
        ("0 9 13 * 5", "At 09:00, on the 13th of the month and also on Friday."),
        (
            "0 9 1-7 * +MON",
            "At 09:00, on the 1st through the 7th of the month, but only on Monday."
        ),
        (
            "0 9 */2 * 1",
            "At 09:00, on every 2nd day of the month from the 1st, but only on Monday."
        ),
        ("0 9 L * *", "At 09:00, on the last day of the month."),
        ("0 9 L-3 * *", "At 09:00, on the day 3 days before the last day of the month."),
        ("0 9 LW 1,7 *", "At 09:00, on the last workday of the month, in January and July."),
        ("0 9 15W * *", "At 09:00, on the workday nearest to the 15th of the month."),
        (
            "0 9 * * FRI#3,5L",
            "At 09:00, on the third Friday of the month and the last Friday of the month."
        ),
        ("30 0 12 * * *", "At 12:00:30, every day."),
        ("*/10 * * * * *", "Every 10 seconds, every day."),
        ("15,45 30 * * * *", "At seconds 15 and 45 of minute 30 of every hour, every day."),
        ("0 0 12 29 2 * 2028", "At 12:00, on the 29th of the month, in February, in 2028."),
        ("0 9 * NOV-FEB FRI-MON", "At 09:00, Friday through Monday, in November through February."),
        ("0 9 1-31 * 1", "At 09:00, every day."),
        ("@every 90m", "Every 1 hour and 30 minutes of elapsed time, whatever the clocks show."),
        ("@reboot", "Once, when the daemon starts."),
        ("@weekly", "At 00:00, on Sunday."),
    ]

    @Test("sentences", arguments: sentences)
    func sentence(text: String, expected: String) throws {
        #expect(try CronExpression(text).sentence == expected)
    }

    @Test func dayRules() throws {
        #expect(try CronExpression("0 9 13 * 5").dayRule?.contains("either") == true)
        #expect(try CronExpression("0 9 */2 * 1").dayRule?.contains("Debian") == true)
        #expect(try CronExpression("0 9 13 * +5").dayRule?.contains("‘+’") == true)
        #expect(try CronExpression("0 9 * * 5").dayRule == nil)
        #expect(try CronExpression("0 9 13 * *").dayRule == nil)
    }

    @Test func theWholeText() throws {
        let expression = try CronExpression("30 2 * * 0")
        let zone = try SystemZones.zone("America/New_York")
        let rule = FiringRule(kind: .cron(try CronRule("30 2 * * 0")), zone: zone)
        let from = try instant("2026-02-25T12:00:00Z")
        let explanation = Explanation(rule, expressions: [expression], from: from)
        #expect(
            explanation.text == """
                At 02:30, on Sunday.
                Clocks in America/New_York go forward on Sunday 2026-03-08, from 02:00 to 03:00: \
                what falls in between runs once, right after the change.
                Clocks in America/New_York go back on Sunday 2026-11-01, from 02:00 to 01:00: \
                no time of this rule is concerned.
                Next times:
                  Sun 2026-03-01T02:30:00-05:00  2026-03-01T07:30:00Z
                  Sun 2026-03-08T03:00:00-04:00  2026-03-08T07:00:00Z  \
                (02:30 doesn't exist on 2026-03-08 (clocks go forward): runs at 03:00)
                  Sun 2026-03-15T02:30:00-04:00  2026-03-15T06:30:00Z
                  Sun 2026-03-22T02:30:00-04:00  2026-03-22T06:30:00Z
                  Sun 2026-03-29T02:30:00-04:00  2026-03-29T06:30:00Z
                """)
    }

    @Test func whatNeverFiresIsSaid() throws {
        let expression = try CronExpression("0 0 31 4 *")
        let rule = FiringRule(kind: .cron(try CronRule("0 0 31 4 *")), zone: .utc)
        let text = Explanation(rule, expressions: [expression], from: Instant(seconds: 0)).text
        #expect(text.contains("Warning: this can never fire: no such day exists."))
        #expect(text.contains("It never fires again."))
        #expect(text.contains("Clocks in UTC don't change."))
    }

    @Test func otherRulesAreToldToo() throws {
        let calendar = try BusinessCalendar(name: "us-close")
        let third = try BusinessDayRule(index: 3, months: [1, 4, 7, 10], secondOfDay: 19_800)
        let quarterly = FiringRule(kind: .businessDay(third), zone: .utc, calendar: calendar)
        let text = Explanation(quarterly, from: try instant("2026-01-01T00:00:00Z")).text
        #expect(
            text.hasPrefix(
                "At 05:30 on the 3rd business day of January, April, July and October.\n"
                    + "Business days are those of calendar us-close."))
        let last = try BusinessDayRule(index: -1, secondOfDay: 0)
        let monthly = FiringRule(kind: .businessDay(last), zone: .utc)
        #expect(
            Explanation(monthly, from: Instant(seconds: 0)).summary
                == "At 00:00 on the last business day of every month.")
    }
}
