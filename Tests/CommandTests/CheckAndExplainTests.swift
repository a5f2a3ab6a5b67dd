import Config
import ConfigFixtures
import Testing
import Timetable
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

    @Test func aStatusThatTheApiIsNotKnownToUseIsWarnedAbout() async {
        let host = MemoryHost([
            "/c.toml": good
                + "\noutcome = { fail_if = \"errror > 0\", warn_if = \"canceled / total > 5%\" }\n",
            "/s": "x",
        ])
        let run = await carillon("check", "--config", "/c.toml", host: host)
        #expect(run.status == 0)
        let words = run.output + run.errors
        #expect(words.contains("warning: schedules.one.outcome.fail_if: \"errror\" is no status"))
        #expect(words.contains("did you mean \"error\"?"))
        #expect(!words.contains("canceled"))
    }

    @Test(arguments: [
        ("us", "https://api.app.wdesk.com"), ("eu", "https://api.eu.wdesk.com"),
        ("apac", "https://api.apac.wdesk.com"),
    ])
    func aRegionIsTheAddressOfItsApi(region: String, address: String) throws {
        let host = MemoryHost([
            "/c.toml": good.replacing("region = \"us\"", with: "region = \"\(region)\""), "/s": "x",
        ])
        let loaded = try ConfigurationLoader(host: host)
            .load("/c.toml", now: Instant(seconds: 1_781_524_800))
        #expect(loaded.engine.connections["c"]?.baseURL == address)
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
    @Test func saysTheRuleItsDayRuleAndTheNextTimes() async {
        let run = await carillon("explain", "0 0 13 * FRI", "--timezone", "Europe/Berlin")
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("At 00:00, "))
        #expect(run.output.contains("either day field"))
        #expect(run.output.contains("Clocks in Europe/Berlin go back on"))
        #expect(run.output.contains("2026-06-19T00:00:00+02:00  2026-06-18T22:00:00Z"))
    }

    @Test func theZoneMayStandInTheExpression() async {
        let run = await carillon("explain", "CRON_TZ=Asia/Tokyo 0 6 * * *")
        #expect(run.output.contains("Clocks in Asia/Tokyo don't change."))
        #expect(run.output.contains("2026-06-16T06:00:00+09:00"))
    }

    @Test func saysThatARuleNeverFires() async {
        let run = await carillon("explain", "0 0 31 4 *")
        #expect(run.status == 0)
        #expect(run.output.contains("never"))
    }

    @Test func hashedValuesNeedAName() async {
        #expect(await carillon("explain", "H 6 * * *").status == 2)
        #expect(await carillon("explain", "H 6 * * *", "--name", "one").status == 0)
    }

    @Test func aBadExpressionEndsWithTwoAndNamesTheField() async {
        let run = await carillon("explain", "0 6 * * 8")
        #expect(run.status == 2)
        #expect(run.errors.contains("week"))
    }
}

@Suite struct RealBinaryTests {
    static let cases: [(arguments: [String], status: Int32)] = [
        (["check", "--config", ExampleConfig.path], 0),
        (["check", "--config", "/nowhere/carillon.toml"], 2),
        (["next", "--cron", "0 6 * * *", "--timezone", "UTC"], 0),
        (["next", "nothing", "--config", ExampleConfig.path], 3),
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
