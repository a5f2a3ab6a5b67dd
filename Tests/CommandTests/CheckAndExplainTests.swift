import Testing
import carillon

@Suite struct CheckCommandTests {
    private let good = """
        version = 1
        [connections.c]
        region = "us"
        client_id = "id"
        client_secret = { file = "/s" }
        [schedules.one]
        process = "p"
        timezone = "UTC"
        cron = "0 6 * * *"
        """

    @Test func agoodConfigIsSummedUp() async {
        let host = MemoryHost(["/c.toml": good, "/s": "x"])
        let run = await carillon("check", "--config", "/c.toml", host: host)
        #expect(run.status == 0)
        #expect(run.errors.isEmpty)
        #expect(
            run.output == """
                /c.toml is valid: 1 schedule, 1 connection
                SCHEDULE  RULE       ZONE  NEXT
                one       0 6 * * *  UTC   2026-06-16T06:00:00+00:00

                """)
    }

    @Test func errorsGoToTheStandardErrorAndEndWithTwo() async {
        let host = MemoryHost(["/c.toml": good.replacing("cron", with: "corn")])
        let run = await carillon("check", "--config", "/c.toml", host: host)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("/c.toml:9:1: schedules.one.corn: unknown key"))
        #expect(run.errors.contains("/s can't be read: no such file"))
    }

    @Test func aMissingConfigSaysHowToNameAnother() async {
        let run = await carillon("check")
        #expect(run.status == 2)
        #expect(
            run.errors == "/etc/carillon/carillon.toml: can't be read: no such file; name another "
                + "file with --config, see config/example.toml for a start\n")
    }
}

@Suite struct ExplainTests {
    /// Expressions and how they begin in words.
    static let cases: [(expression: String, words: String)] = [
        ("0 6 * * 1-5", "At 06:00, on Monday to Friday."),
        ("*/15 * * * *", "Every 15 minutes, every day."),
        ("* * * * *", "Every minute, every day."),
        ("5 * * * *", "At 5 minutes past every hour, every day."),
        ("0 * * * *", "Every hour on the hour, every day."),
        ("0 0,12 1 */2 *", "At 00:00 and 12:00, on day 1 in every 2nd month."),
        ("30 4 1,15 * 5", "At 04:30, on days 1 and 15 of the month, and also on every Friday."),
        ("0 9 */7 * mon", "At 09:00, on every 7th day of the month, if that is also Monday."),
        ("0 0 L * *", "At 00:00, on the last day of the month."),
        ("0 0 LW * ?", "At 00:00, on the last weekday (Monday to Friday) of the month."),
        ("0 0 * * 5#3", "At 00:00, on the third Friday of the month."),
        ("0 0 * * FRIL", "At 00:00, on the last Friday of the month."),
        ("@daily", "At 00:00, every day."),
        ("@yearly", "At 00:00, on day 1 in January."),
        ("*/7 * * * *", "At every 7th minute of every hour, every day."),
        ("*/10 9-17 * * MON-FRI", "Every 10 minutes of the hours 9 to 17, on Monday to Friday."),
        ("30 0 6 * * *", "At 06:00:30, every day."),
        ("*/10 * * * * *", "Every 10 seconds, every day."),
        ("0 0 6 * * * 2027-2028", "At 06:00, every day, in the years 2027 to 2028."),
        ("@reboot", "Once at each start of the daemon (not at a reload); it has no fire times."),
    ]

    @Test(arguments: cases)
    func says(expression: String, words: String) async {
        #expect(CronWords.sentences(expression).first == words)
        let run = await carillon("explain", expression)
        #expect(run.status == 0)
        #expect(run.output.hasPrefix(words + "\n"))
    }

    @Test func namesTheDayRuleAndTheNextTimes() async {
        let run = await carillon("explain", "0 0 13 * FRI", "--timezone", "Europe/Berlin")
        #expect(run.output.contains("Either the day of the month or the weekday is enough"))
        #expect(run.output.contains("When the clocks of Europe/Berlin change"))
        #expect(run.output.contains("2026-06-19T00:00:00+02:00  2026-06-18T22:00:00Z"))
    }

    @Test func saysThatARuleNeverFires() async {
        let run = await carillon("explain", "0 0 31 4 *")
        #expect(run.status == 0)
        #expect(run.output.contains("It never fires"))
    }

    @Test func aBadExpressionEndsWithTwoAndNamesTheField() async {
        let run = await carillon("explain", "0 6 * * 8")
        #expect(run.status == 2)
        #expect(run.errors.contains("week"))
    }
}

@Suite struct RealBinaryTests {
    static let cases: [(arguments: [String], status: Int32)] = [
        (["check", "--config", ExampleConfigTests.path], 0),
        (["check", "--config", "/nowhere/carillon.toml"], 2),
        (["next", "--cron", "0 6 * * *", "--timezone", "UTC"], 0),
        (["next", "nothing", "--config", ExampleConfigTests.path], 3),
        (["next", "--cron", "x", "--timezone", "UTC"], 2),
        (["explain", "0 6 * * *"], 0),
        (["--help"], 0), (["help", "next"], 0), ([], 0),
        (["chekc"], 2), (["next", "--nonsense"], 2),
    ]

    @Test(arguments: cases)
    func endsWithTheRightStatus(arguments: [String], status: Int32) throws {
        let outcome = try RealBinary.run(arguments)
        #expect(outcome.status == status, "said: \(outcome.errors)")
    }

    @Test func aMistypedVerbIsAnsweredWithTheNearestOne() throws {
        let outcome = try RealBinary.run(["chekc"])
        #expect(outcome.errors.contains("no verb \"chekc\"; did you mean \"check\"?"))
    }

    @Test func theFilterAnswersThousandsOfLines() throws {
        let line = "30 2 * * *\tAmerica/New_York\t2026-03-07T12:00:00-05:00\t2\n"
        let outcome = try RealBinary.run(
            ["next", "--stdin"], input: String(repeating: line, count: 5000))
        #expect(outcome.status == 0)
        #expect(
            outcome.output
                == String(
                    repeating: "2026-03-08T07:00:00Z,2026-03-09T06:30:00Z\n", count: 5000))
    }
}
