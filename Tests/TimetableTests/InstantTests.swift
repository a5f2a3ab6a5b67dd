import Testing
import Timetable

/// ISO 8601 in and out.
@Suite struct InstantTests {
    static let texts: [(String, Int64)] = [
        ("1970-01-01T00:00:00Z", 0), ("2026-03-08T07:00:00Z", 1_772_953_200_000),
        ("2026-03-08T02:00:00-05:00", 1_772_953_200_000), ("2026-03-08T07:00Z", 1_772_953_200_000),
        ("2026-03-08 12:30:00+0530", 1_772_953_200_000),
        ("2026-03-08t07:00:00z", 1_772_953_200_000),
        ("2026-03-08T07:00:00.5Z", 1_772_953_200_500),
        ("2026-03-08T07:00:00,123456Z", 1_772_953_200_123),
        ("1969-12-31T23:59:59.999Z", -1), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ("2026-03-08T09:00:00+02", 1_772_953_200_000),
        ("1850-01-01T00:00:00-04:56:02", -3_786_807_838_000),
    ]

    @Test("what is read", arguments: texts)
    func parse(text: String, milliseconds: Int64) {
        #expect(Instant(iso8601: text)?.milliseconds == milliseconds)
    }

    @Test(
        "what isn't",
        arguments: [
            "", "2026-03-08", "2026-03-08T07:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
            "2026-03-08T24:00:00Z", "2026-03-08T07:60:00Z", "2026-03-08T07:00:60Z",
            "2026-3-8T07:00:00Z",
            "2026-03-08T07:00:00Z ", "2026-03-08T07:00:00+5", "2026-03-08T07:00:00.Z",
            "20260308T070000Z", "2026-03-08T07:00:00+99:00", "2026-03-08T07:00:00+05:",
            "\u{0662}026-03-08T07:00Z",
        ])
    func refuse(text: String) {
        #expect(Instant(iso8601: text) == nil)
    }

    @Test func write() {
        #expect(Instant(milliseconds: 1_772_953_200_000).iso8601 == "2026-03-08T07:00:00Z")
        #expect(Instant(milliseconds: 1_772_953_200_007).iso8601 == "2026-03-08T07:00:00.007Z")
        #expect(Instant(milliseconds: -1).iso8601 == "1969-12-31T23:59:59.999Z")
        let instant = Instant(milliseconds: 1_772_953_200_000)
        #expect(instant.iso8601(offsetSeconds: -18_000) == "2026-03-08T02:00:00-05:00")
        #expect(instant.iso8601(offsetSeconds: 20_700) == "2026-03-08T12:45:00+05:45")
        #expect(instant.iso8601(offsetSeconds: 0) == "2026-03-08T07:00:00+00:00")
        #expect(instant.iso8601(offsetSeconds: -17_762) == "2026-03-08T02:03:58-04:56:02")
    }

    @Test func roundTrips() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<5000 {
            let instant = Instant(
                milliseconds: Int64.random(
                    in: -62_000_000_000_000...253_000_000_000_000, using: &random))
            #expect(Instant(iso8601: instant.iso8601) == instant)
            let offset = Int.random(in: -50_000...50_000, using: &random)
            #expect(Instant(iso8601: instant.iso8601(offsetSeconds: offset)) == instant)
        }
    }

    @Test func localTimes() {
        let time = LocalDateTime(iso8601: "2026-03-08T02:30")
        #expect(time == LocalDateTime(year: 2026, month: 3, day: 8, hour: 2, minute: 30))
        #expect(time?.iso8601 == "2026-03-08T02:30:00")
        #expect(LocalDateTime(iso8601: "2026-03-08")?.secondOfDay == 0)
        #expect(LocalDateTime(iso8601: "2026-03-08 23:59:59")?.second == 59)
        #expect(LocalDateTime(iso8601: "2026-03-08T02:30Z") == nil)
        #expect(secondOfDay(fromTimeText: "05:30") == 19_800)
        #expect(secondOfDay(fromTimeText: "24:00") == nil)
        #expect(secondOfDay(fromTimeText: "5:30") == nil)
        #expect(CivilDate(iso8601: "2024-02-29")?.weekday == 4)
        #expect(CivilDate(iso8601: "2026-02-29") == nil)
    }

    @Test func datesAreDayNumbers() {
        // Every day of 1200 years, forwards.
        var date = CivilDate(year: 1600, month: 1, day: 1)
        var weekday = 6
        for number in date.dayNumber..<date.dayNumber + 3 * 146_097 {
            let got = CivilDate(dayNumber: number)
            guard got == date, got.dayNumber == number, got.weekday == weekday else {
                Issue.record("\(number): \(got) isn't \(date)")
                return
            }
            weekday = (weekday + 1) % 7
            date.day += 1
            if !date.isValid { (date.month, date.day) = (date.month + 1, 1) }
            if !date.isValid { (date.year, date.month) = (date.year + 1, 1) }
        }
    }
}
