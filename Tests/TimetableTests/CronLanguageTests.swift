import Testing
import Timetable

/// What the parser takes and refuses: docs/cron.md#the-language, row by row.
@Suite struct CronLanguageTests {
    /// Pairs that must mean the same instants, in a zone without changes.
    static let equivalents: [(String, String)] = [
        ("*/5 * * * *", "0,5,10,15,20,25,30,35,40,45,50,55 * * * *"),
        ("0-59/15 * * * *", "0,15,30,45 * * * *"),
        ("5/15 * * * *", "5,20,35,50 * * * *"),
        ("20-20/5 * * * *", "20 * * * *"),
        ("*/100 * * * *", "0 * * * *"),
        ("10-20/100 * * * *", "10 * * * *"),
        ("50-10/5 * * * *", "0,5,10,50,55 * * * *"),
        ("0 22-2 * * *", "0 22,23,0,1,2 * * *"),
        ("0 22-4/2 * * *", "0 22,0,2,4 * * *"),
        ("007 09 * * *", "7 9 * * *"),
        ("0\t9  *   * 1-5", "0 9 * * MON-FRI"),
        ("  0 9 * * *  ", "0 9 * * *"),
        ("0 9 * * *\r", "0 9 * * *"),
        ("0 9 * * *\r\n", "0 9 * * *"),
        ("0 9 * nov-feb *", "0 9 * 11,12,1,2 *"),
        ("0 9 * January,jul *", "0 9 * 1,7 *"),
        ("0 9 * * Monday", "0 9 * * 1"),
        ("0 9 * * 7", "0 9 * * 0"),
        ("0 9 * * 0-7", "0 9 * * *"),
        ("0 9 * * 5-7", "0 9 * * 5,6,0"),
        ("0 9 * * 6-0", "0 9 * * 6,0"),
        ("0 9 * * FRI-SUN", "0 9 * * 5,6,0"),
        ("0 9 * * SUN-TUE", "0 9 * * 0,1,2"),
        ("0 9 * * FRI-MON", "0 9 * * 5,6,0,1"),
        ("0 9 * * 7-2", "0 9 * * 0,1,2"),
        ("0 9 * * 1/2", "0 9 * * 1,3,5"),
        ("0 9 28-3 * *", "0 9 28,29,30,31,1,2,3 * *"),
        ("0 9 * * FRIL", "0 9 * * 5L"),
        ("0 9 * * fridayl", "0 9 * * 5L"),
        ("0 9 * * 5#L", "0 9 * * 5L"),
        ("0 9 * * FRI#3", "0 9 * * 5#3"),
        ("0 9 * * 7#1", "0 9 * * 0#1"),
        ("0 9 l * *", "0 9 L * *"),
        ("0 9 lw * *", "0 9 LW * *"),
        ("0 9 15w * *", "0 9 15W * *"),
        ("0 9 ? * MON", "0 9 * * MON"),
        ("0 9 3 * ?", "0 9 3 * *"),
        ("0 0 9 * * *", "0 9 * * *"),
        ("0 0 9 * * * *", "0 9 * * *"),
        ("@yearly", "0 0 1 1 *"), ("@ANNUALLY", "0 0 1 1 *"), ("@Monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ]

    @Test("two spellings of one rule", arguments: equivalents)
    func spellings(left: String, right: String) throws {
        let start = try instant("2026-01-01T00:00:00Z").seconds
        let first = try CronRule(left).firings(afterSeconds: start, in: .utc).prefix(200)
        let second = try CronRule(right).firings(afterSeconds: start, in: .utc).prefix(200)
        #expect(Array(first) == Array(second))
    }

    /// The refused texts with the field and the column that the error names.
    static let refused: [(String, String?, Int)] = [
        ("", nil, 1), ("   ", nil, 4), ("* * * *", nil, 8), ("* * * * * * * *", nil, 15),
        ("*/0 * * * *", "minute", 3), ("/15 * * * *", "minute", 1), ("*/ * * * *", "minute", 3),
        ("*/x * * * *", "minute", 3), ("60 * * * *", "minute", 1), ("0 24 * * *", "hour", 3),
        ("0 0 0 * *", "day of month", 5), ("0 0 32 * *", "day of month", 5),
        ("0 0 * 0 *", "month", 7), ("0 0 * 13 *", "month", 7), ("0 0 * * 8", "day of week", 9),
        ("1,,2 * * * *", "minute", 3), ("1, * * * *", "minute", 3), (",1 * * * *", "minute", 1),
        ("+5 * * * *", "minute", 1), ("1.5 * * * *", "minute", 2), ("1-2-3 * * * *", "minute", 4),
        ("** * * * *", "minute", 2), ("*5 * * * *", "minute", 2), ("*-5 * * * *", "minute", 2),
        ("-5 * * * *", "minute", 1), ("5- * * * *", "minute", 3), ("5/ * * * *", "minute", 3),
        ("5/2/2 * * * *", "minute", 4), ("99999999999999999999 * * * *", "minute", 1),
        ("*/99999999999999999999 * * * *", "minute", 3), ("*/4294967296 * * * *", "minute", 3),
        ("? * * * *", "minute", 1), ("0 ? * * *", "hour", 3), ("0 0 * ? *", "month", 7),
        ("~ * * * *", "minute", 1), ("6~15 * * * *", "minute", 2), ("0 0 * * L", "day of week", 9),
        ("0 0 * * 5#0", "day of week", 11), ("0 0 * * 5#6", "day of week", 11),
        ("0 0 * * 5#", "day of week", 11), ("0 0 * * 1-5#2", "day of week", 12),
        ("0 0 * * 1-5L", "day of week", 12), ("0 0 1-5W * *", "day of month", 8),
        ("0 0 W * *", "day of month", 5), ("0 0 L/2 * *", "day of month", 6),
        ("0 0 L-31 * *", "day of month", 7), ("0 0 L- * *", "day of month", 7),
        ("0 0 32W * *", "day of month", 5), ("0 0 15WX * *", "day of month", 8),
        ("0 0 * Janu *", "month", 7), ("0 0 * * Mond", "day of week", 9),
        ("0 0 * MON *", "month", 7), ("JAN * * * *", "minute", 1), ("0 0 * * +", "day of week", 10),
        ("0 0 +1 * *", "day of month", 5), ("0 9 * * *\u{A0}", nil, 10), ("0\u{A0}9 * * *", nil, 2),
        ("\u{0661} * * * *", nil, 1), ("0 9 * * *\u{0B}", nil, 10), ("0 9 * * *\r\r", nil, 10),
        ("0 9 * *\n*", nil, 8), ("0 0 0 1 1 * 1969", "year", 13), ("0 0 0 1 1 * 2200", "year", 13),
        ("0 0 0 1 1 * 2030-2026", "year", 13), ("0 0 0 1 1 * H", "year", 13),
        ("H * * * *", "minute", 1), ("@every", nil, 7), ("@every 0s", nil, 8),
        ("@every 5", nil, 9), ("@every 5x", nil, 9), ("@every m", nil, 8),
        ("@every 99999999999d", nil, 8), ("@every 5m 3s", nil, 7), ("@daily x", nil, 8),
        ("@often", nil, 1), ("@", nil, 1), ("CRON_TZ= 0 9 * * *", nil, 9), ("TZ=UTC", nil, 7),
        ("0 9 * * * %", "day of week", 11),
    ]

    @Test("what is refused, and where", arguments: refused)
    func refusals(text: String, field: String?, position: Int) {
        let error = #expect(throws: CronError.self) { try CronExpression(text) }
        // A sixth field makes the first one the seconds: only the position is the same then.
        if text != "0 9 * * * %" { #expect(error?.field == field) }
        #expect(error?.position == position, "\(error.map(String.init(describing:)) ?? "")")
        #expect(error?.message.isEmpty == false)
    }

    @Test func unicodeSpacesAreNamedByCodePoint() {
        let error = #expect(throws: CronError.self) { try CronExpression("0 9\u{2003}* * *") }
        #expect(error?.message.contains("U+2003") == true)
        #expect(error?.position == 4)
    }

    /// Texts that the strict dialect refuses, with a word of the construct that it names.
    static let strictRefusals: [(String, String)] = [
        ("0 0 L * *", "L"), ("0 0 15W * *", "W"), ("0 0 * * 5#3", "#"), ("0 0 * * 5L", "L"),
        ("0 0 * * +1", "+"), ("0 0 ? * *", "?"), ("H 0 * * *", "H"), ("22-2 * * * *", "wraps"),
        ("0 22-2 * * *", "wraps"), ("5/15 * * * *", "n/step"), ("0 0 9 * * *", "seconds"),
        ("0 0 9 * * * *", "year"), ("@daily", "macros"), ("@reboot", "macros"),
        ("@every 5m", "macros"), ("0 0 * * Monday", "full names"), ("0 0 * January *", "full"),
        ("CRON_TZ=UTC 0 0 * * *", "zone"), ("0 0 * * FRI-MON", "wraps"),
    ]

    @Test("what the strict dialect refuses, by name", arguments: strictRefusals)
    func strict(text: String, word: String) throws {
        _ = try CronExpression(text, name: "x")
        let error = #expect(throws: CronError.self) {
            try CronExpression(text, name: "x", dialect: .strict)
        }
        #expect(error?.message.contains("strict") == true)
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test(
        "what the strict dialect takes",
        arguments: [
            "* * * * *", "*/15 0-12/3 1,15 JAN-DEC sun-SAT", "0 0 31 2 *", "0 0 * * 0-7",
            "0 0 * MAY *",
        ])
    func strictAccepts(text: String) throws {
        _ = try CronRule(text, dialect: .strict)
    }

    @Test func strictDayRuleIsThatOfOCPS() throws {
        // `*/2` is restricted in OCPS, so the days are joined by OR; Debian joins them by AND.
        let text = "0 0 */2 * 1"
        let start = try instant("2026-06-01T12:00:00Z").seconds
        let strict = try CronRule(text, dialect: .strict).next(afterSeconds: start, in: .utc)
        let debian = try CronRule(text).next(afterSeconds: start, in: .utc)
        #expect(strict.map { Instant(seconds: $0).iso8601 } == "2026-06-03T00:00:00Z")
        #expect(debian.map { Instant(seconds: $0).iso8601 } == "2026-06-15T00:00:00Z")
    }

    @Test func triggersAndPrefixes() throws {
        #expect(try CronExpression("@reboot").trigger == .reboot)
        #expect(try CronExpression("@every 1h30m").trigger == .every(milliseconds: 5_400_000))
        #expect(try CronExpression("@EVERY 2d").trigger == .every(milliseconds: 172_800_000))
        let zoned = try CronExpression("CRON_TZ=Europe/Berlin 0 9 * * *")
        #expect(zoned.zoneName == "Europe/Berlin")
        #expect(zoned.trigger == .cron(try CronRule("0 9 * * *")))
        #expect(try CronExpression("TZ=UTC @daily").zoneName == "UTC")
        #expect(try CronExpression("0 9 * * *").zoneName == nil)
        #expect(throws: CronError.self) { try CronRule("TZ=UTC 0 9 * * *") }
        #expect(throws: CronError.self) { try CronRule("@reboot") }
    }

    @Test func warnings() throws {
        #expect(try CronExpression("*/100 * * * *").warnings.count == 1)
        #expect(try CronExpression("0 9 * * 1/2").warnings.count == 1)
        #expect(try CronExpression("0 0 30 2 *").warnings.first?.contains("never") == true)
        #expect(try CronExpression("*/15 9-17 * * 1-5").warnings.isEmpty)
    }
}
