import ConfigFixtures
import Testing
import carillon

@Suite struct NextCommandTests {
    @Test func anExpressionNeedsNoConfig() async {
        let run = await carillon(
            "next", "--cron", "30 2 * * *", "--timezone", "America/New_York", "-n", "3", "--from",
            "2026-03-07T00:00:00-05:00")
        #expect(run.status == 0)
        let lines = run.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("LOCAL") == true)
        #expect(lines.count == 4)
        #expect(
            lines.dropFirst().first?.hasPrefix("2026-03-07T02:30:00-05:00  2026-03-07T07:30:00Z")
                == true)
        #expect(
            lines.dropFirst(2).first?.hasPrefix("2026-03-08T03:00:00-04:00  2026-03-08T07:00:00Z")
                == true)
    }

    @Test func jsonHasOneFireTimeALine() async {
        let run = await carillon(
            "next", "--cron", "0 0 1 1 *", "--timezone", "UTC", "-n", "2", "--json")
        #expect(
            run.output == """
                [
                {"slot_at": "2027-01-01T00:00:00Z", "slot_local": "2027-01-01T00:00:00+00:00", \
                "decision": "run", "note": null},
                {"slot_at": "2028-01-01T00:00:00Z", "slot_local": "2028-01-01T00:00:00+00:00", \
                "decision": "run", "note": null}
                ]

                """)
    }

    private var host: MemoryHost {
        MemoryHost([
            "/c.toml": """
            version = 1
            [connections.c]
            region = "us"
            client_id = "id"
            client_secret = { env = "S" }
            [defaults]
            timezone = "UTC"
            [schedules.hourly]
            process = "p"
            cron = "0 * * * *"
            active_until = 2026-06-15T14:30:00Z
            [schedules.half]
            process = "p"
            cron = "30 * * * *"
            [schedules.off]
            process = "p"
            cron = "* * * * *"
            enabled = false
            [schedules.later]
            process = "p"
            after = "hourly"
            """
        ])
    }

    @Test func allSchedulesComeInOrderOfTime() async {
        let run = await carillon("next", "--config", "/c.toml", "-n", "5", host: host)
        #expect(run.status == 0)
        let names = run.output.split(separator: "\n").dropFirst().map { line in
            line.split(separator: " ").prefix(2).joined(separator: " ")
        }
        #expect(
            names == [
                "half 2026-06-15T12:30:00+00:00", "hourly 2026-06-15T13:00:00+00:00",
                "half 2026-06-15T13:30:00+00:00", "hourly 2026-06-15T14:00:00+00:00",
                "half 2026-06-15T14:30:00+00:00",
            ])
    }

    @Test func aScheduleEndsWithItsActivePeriod() async {
        let run = await carillon("next", "hourly", "--config", "/c.toml", host: host)
        #expect(run.output.split(separator: "\n").count == 3)
    }

    @Test func anUnknownScheduleIsNotFoundWithTheNearestName() async {
        let run = await carillon("next", "horuly", "--config", "/c.toml", host: host)
        #expect(run.status == 3)
        #expect(run.errors == "carillon: no schedule \"horuly\"; did you mean \"hourly\"?\n")
    }

    static let wrong: [(arguments: [String], said: String)] = [
        (["--cron", "0 25 * * *", "--timezone", "UTC"], "hour"),
        (["--cron", "0 5 * * *"], "which time zone?"),
        (["--cron", "0 5 * * *", "--timezone", "Europe/Berln"], "did you mean \"Europe/Berlin\"?"),
        (["--cron", "0 5 * * *", "--timezone", "UTC", "--from", "tomorrow"], "not a time"),
        (["--cron", "CRON_TZ=UTC 0 5 * * *", "--timezone", "UTC"], "keep one"),
        (["--timezone", "UTC"], "belongs to --cron"),
        (["--stdin", "--cron", "* * * * *"], "give it alone"),
        (["-n", "0", "--cron", "* * * * *", "--timezone", "UTC"], "-n must be 1"),
        (
            [
                "--cron", "30 2 * * *", "--timezone", "America/New_York", "--from",
                "2026-03-08T02:30",
            ],
            "does not exist"
        ),
    ]

    @Test(arguments: wrong)
    func wrongUseEndsWithTwo(arguments: [String], said: String) async {
        let run = await carillon(arguments: ["next"] + arguments)
        #expect(run.status == 2)
        #expect(run.errors.contains(said), "said: \(run.errors)")
        #expect(run.output.isEmpty)
    }
}

@Suite struct NextFilterTests {
    static let lines: [(line: String, answer: String)] = [
        (
            "30 2 * * *\tAmerica/New_York\t2026-03-07T12:00:00-05:00\t2",
            "2026-03-08T07:00:00Z,2026-03-09T06:30:00Z"
        ),
        ("@daily\tUTC\t2026-03-07T00:00:00Z\t1", "2026-03-08T00:00:00Z"),
        ("0 0 30 2 *\tUTC\t2026-03-07T00:00:00Z\t3", ""),
        ("0 0 1 1 * 2030\tUTC\t2026-03-07T00:00:00Z\t3", "error: "),
        ("0 0 0 1 1 * 2030\tUTC\t2026-03-07T00:00:00Z\t3", "2030-01-01T00:00:00Z"),
        ("@reboot\tUTC\t2026-03-07T00:00:00Z\t3", ""),
        ("@daily\tUTC\t2026-03-07T00:00:00Z\t0", ""),
        ("@daily\tUTC\t2026-03-07T00:00:00Z\t1\r", "2026-03-08T00:00:00Z"),
        ("", "error: expected EXPR<TAB>ZONE<TAB>FROM<TAB>N, found 1 fields"),
        ("@daily UTC", "error: expected EXPR"),
        ("@daily\tUTC\t2026-03-07T00:00:00Z\tx", "error: N must be a number"),
        ("@daily\tUTC\t2026-03-07T00:00:00Z\t-1", "error: N must be a number"),
        ("@daily\tUTC\tyesterday\t1", "error: FROM yesterday: not a time"),
        ("@daily\tMars/Phobos\t2026-03-07T00:00:00Z\t1", "error: Mars/Phobos: unknown time zone"),
        ("0 24 * * *\tUTC\t2026-03-07T00:00:00Z\t1", "error: hour"),
    ]

    @Test(arguments: lines)
    func eachLineIsAnsweredByALine(line: String, answer: String) async {
        let run = await carillon("next", "--stdin", input: [line])
        #expect(run.status == 0)
        #expect(run.output.hasSuffix("\n"))
        let text = run.output.dropLast()
        #expect(!text.contains("\n"))
        if answer.hasPrefix("error:") {
            #expect(text.hasPrefix(answer), "said: \(text)")
        } else {
            #expect(text == answer)
        }
    }

    @Test func aBadLineDoesNotDisturbItsNeighbours() async {
        let good = "0 0 * * *\tUTC\t2026-01-01T00:00:00Z\t1"
        let run = await carillon("next", "--stdin", input: [good, "bad", good])
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0] == "2026-01-02T00:00:00Z")
        #expect(lines[1].hasPrefix("error: "))
        #expect(lines[2] == "2026-01-02T00:00:00Z")
    }
}
