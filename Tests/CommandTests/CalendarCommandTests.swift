import ConfigFixtures
import Testing
import carillon

/// `carillon calendar show`: a year of a calendar.
@Suite struct CalendarCommandTests {
    private func show(_ arguments: String...) async -> (
        status: Int32, output: String, errors: String
    ) {
        let host = MemoryHost([
            "/c.toml": """
            version = 1
            [connections.c]
            region = "us"
            client_id = "id"
            client_secret = { env = "S" }
            [defaults]
            timezone = "UTC"
            [calendars.us-close]
            holidays = [2027-01-01]
            files = ["more.csv"]
            [calendars.plain]
            [schedules.s]
            process = "p"
            every = "1h"
            """,
            "/more.csv": "date,name\n2027-12-24,Christmas \u{1B}[31mEve\n2027-12-25,Sätürday\n",
        ])
        return await carillon(
            arguments: ["calendar", "show"] + arguments + ["--config", "/c.toml"], host: host,
            now: "2026-06-15T12:00:00Z")
    }

    @Test func aYearHasItsMonthsWithBusinessDaysAndHolidays() async {
        let run = await show("us-close", "2027")
        #expect(run.status == 0)
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 14)
        #expect(lines[1].hasPrefix("2027-01  20             Mon 4"))
        #expect(lines[1].hasSuffix("Fri 1"))
        #expect(lines[12].contains("22") && lines[12].contains("Sat 25 Sätürday"))
        #expect(!run.output.contains("\u{1B}"))
        #expect(lines[13] == "2027: 259 business days, 3 holidays")
        #expect(run.errors.contains("ends on 2027-12-25: later holidays are not known"))
    }

    @Test func whatItDoesNotKnowIsSaid() async {
        #expect(
            await show("us-close", "2028").errors.contains(
                "knows nothing of 2028: its last holiday is 2027-12-25"))
        #expect(await show("plain").errors.contains("calendar plain has no holidays"))
        let unknown = await show("us-clos")
        #expect(unknown.status == 3)
        #expect(unknown.errors.contains("did you mean \"us-close\"?"))
        #expect(await show("us-close", "27").status == 2)
        #expect(await show("us-close", "next").status == 2)
    }

    @Test func jsonHasEachMonth() async {
        let run = await show("us-close", "2027", "--json")
        #expect(
            run.output.hasPrefix(
                "{\"calendar\": \"us-close\", \"year\": 2027, \"known_until\": \"2027-12-25\", "
                    + "\"business_days\": 259, \"months\": [{\"month\": 1, \"business_days\": 20, "
                    + "\"first\": \"2027-01-04\", \"last\": \"2027-01-29\", \"holidays\": "
                    + "[{\"date\": \"2027-01-01\", \"name\": null}]}"))
        #expect(run.errors.isEmpty)
    }
}
