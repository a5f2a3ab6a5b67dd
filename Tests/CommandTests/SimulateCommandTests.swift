import ConfigFixtures
import Console
import Testing

@Suite(.timeLimit(.minutes(30))) struct SimulateCommandTests {
    private func simulate(
        _ schedule: String, _ arguments: String...
    ) async -> (status: Int32, output: String, errors: String) {
        let host = MemoryHost(["/c/carillon.toml": config(schedule: schedule)])
        return await carillon(
            arguments: ["simulate", "--config", "/c/carillon.toml"] + arguments, host: host)
    }

    /// The counts of the only schedule, by the titles of their columns.
    private func counts(_ output: String) -> [String: String] {
        let lines = output.split(separator: "\n").prefix(2).map { $0.split(separator: " ") }
        guard lines.count == 2 else { return [:] }
        return Dictionary(
            zip(lines[0], lines[1]).map { (String($0), String($1)) }, uniquingKeysWith: { $1 })
    }

    @Test func aQuietWeekStartsEverySlot() async {
        let run = await simulate(
            "cron = \"0 6 * * 1-5\"", "--from", "2026-06-15T00:00", "--to", "2026-06-22T00:00")
        #expect(run.status == 0, "said: \(run.errors)")
        let counts = counts(run.output)
        #expect(counts["SLOTS"] == "5")
        #expect(counts["STARTED"] == "5")
        #expect(counts["HELD"] == "0")
        #expect(run.output.contains("connection prod: "))
        #expect(!run.output.contains("Not started"))
    }

    @Test func runsThatTakeLongerThanTheirGapOverlap() async {
        let run = await simulate(
            "cron = \"0 * * * *\"\noverlap = \"skip\"", "--from", "2026-06-15T00:30", "--to",
            "2026-06-15T06:30", "--run-takes", "90m")
        #expect(run.status == 0, "said: \(run.errors)")
        let counts = counts(run.output)
        #expect(counts["SLOTS"] == "6")
        #expect(counts["STARTED"] == "3")
        #expect(counts["SKIPPED"] == "3")
        #expect(run.output.contains("skipped"))
    }

    @Test func whatTheDaemonSleepsThroughIsMissedOrCaughtUp() async {
        let run = await simulate(
            "cron = \"0 6 * * *\"\nmissed = \"skip\"", "--from", "2026-06-15T00:00", "--to",
            "2026-06-18T00:00", "--down", "2026-06-16T05:00..2026-06-16T09:00")
        #expect(run.status == 0, "said: \(run.errors)")
        let counts = counts(run.output)
        #expect(counts["STARTED"] == "2")
        #expect(counts["MISSED"] == "1")
        #expect(run.output.contains("2026-06-16T06:00:00-04:00  missed"))
    }

    @Test func jsonHasTheSameNumbers() async {
        let run = await simulate(
            "cron = \"0 6 * * *\"", "--from", "2026-06-15T00:00", "--to", "2026-06-17T00:00",
            "--json")
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(run.output.hasPrefix("{\"schedules\": [{\"schedule\": \"one\", \"slots\": 2, "))
        #expect(
            run.output.hasSuffix(
                "\"not_started\": [], \"attention\": [], \"errors\": [], "
                    + "\"days_repeated\": 0, \"run_takes\": \"15m\", \"polls\": \"coarse\"}\n"))
    }

    /// What the API and the clock do to a day of hourly slots, and what the summary says of it.
    static let troubles: [(arguments: [String], counts: [String: String], said: [String])] = [
        // Whatever becomes of the answers, no slot is started twice or lost: the list tells.
        (["--fault", "lost-answer"], ["SLOTS": "24", "STARTED": "24", "HELD": "0"], []),
        (["--fault", "garbled@50%"], ["SLOTS": "24", "STARTED": "24", "HELD": "0"], []),
        (["--fault", "lost-request@0.5"], ["STARTED": "24"], []),
        // Too late to be believed absent: the second start's look finds the first one's run.
        (
            ["--fault", "hidden-run@2026-06-15T05:30/2026-06-15T06:30"], ["SLOTS": "24"],
            ["Needs a person at the end:"]
        ),
        (
            ["--fault", "outage@2026-06-15T05:30/2026-06-15T11:30"],
            ["STARTED": "19", "COALESCED": "5"], []
        ),
        (
            ["--fault", "403"], ["STARTED": "0", "FAILED": "24"],
            ["Not started (the first 20 of 24)"]
        ),
        (
            ["--fault", "401@tokens"], ["STARTED": "0"],
            [
                "credential",
                "The daemon would have logged 1 error, the first: the credential of prod",
            ]
        ),
        (
            ["--fault", "429@all@2026-06-15T05:30/2026-06-15T06:10"],
            ["SLOTS": "24", "STARTED": "24"], []
        ),
        (["--fault", "limit=1/2s"], ["SLOTS": "24", "STARTED": "24"], []),
        // Forward: what lies between is down time, and the API's clock then differs for good.
        (
            ["--clock-step", "2026-06-15T05:30+2h", "--clock-step", "2026-06-15T12:00-2h"],
            ["SLOTS": "24"], []
        ),
        (
            ["--fault", "run-error@1"], ["SLOTS": "24", "STARTED": "1", "SKIPPED": "23"],
            ["overlap"]
        ),
        (
            ["--exact", "--run-takes", "90m"], ["SLOTS": "24", "STARTED": "12", "SKIPPED": "12"], []
        ),
    ]

    @Test(arguments: troubles)
    func troublesLeaveTheirMark(
        arguments: [String], counts expected: [String: String], said: [String]
    ) async {
        let host = MemoryHost([
            "/c/carillon.toml": config(schedule: "cron = \"0 * * * *\"\noverlap = \"skip\"")
        ])
        let run = await carillon(
            arguments: [
                "simulate", "--config", "/c/carillon.toml", "--from", "2026-06-14T23:30", "--to",
                "2026-06-15T23:30",
            ] + arguments, host: host)
        #expect(run.status == 0, "said: \(run.errors)")
        let counts = counts(run.output)
        for (column, count) in expected {
            #expect(counts[column] == count, "\(column): \(run.output)")
        }
        for words in said { #expect(run.output.contains(words), "\(run.output)") }
    }

    static let mistakes: [(arguments: [String], said: String)] = [
        (["--from", "2026-06-15T00:00", "--to", "2026-06-14T00:00"], "later than --from"),
        (["--from", "2026-06-15T00:00", "--to", "2028-06-14T00:00"], "at most 400 days"),
        (["--from", "soon", "--to", "2026-06-16T00:00"], "--from soon: not a time"),
        (
            ["--from", "2026-06-15T00:00", "--to", "2026-06-16T00:00", "--down", "x"],
            "--down x: write FROM/TO"
        ),
        (
            ["--from", "2026-06-15T00:00", "--to", "2026-06-16T00:00", "--run-takes", "long"],
            "--run-takes long: write"
        ),
    ]

    /// Words of `--fault` and `--clock-step` that are refused, in one sentence each.
    static let wrongWords: [(option: String, text: String, said: String)] = [
        (
            "--fault", "lost-anser@0.1",
            "--fault lost-anser@0.1: no fault \"lost-anser\"; did you mean \"lost-answer\"?"
        ),
        ("--fault", "lost-answer@start", "; did you mean \"starts\"?"),
        ("--fault", "lost-answer@1.5", "the chance 1.5 is not above 0 and at most 1"),
        ("--fault", "outage", "say when it is, outage@FROM/TO"),
        ("--fault", "200", "200 is no error"),
        ("--fault", "limit=5", "limit=500/60s"),
        ("--fault", "run-error@starts", "run-error@0.02"),
        ("--fault", "500@2026-06-15T05:00/x", "--fault 500@2026-06-15T05:00/x: x: not a time"),
        ("--fault", "500@2026-06-15T05:00/2026-06-15T04:00", "it ends before it begins"),
        ("--clock-step", "2026-06-15T05:00", "write TIME+1h or TIME-30m"),
        ("--clock-step", "2026-06-15T05:00+1", "write TIME+1h or TIME-30m"),
        ("--clock-step", "2026-06-25T05:00+1h", "is not between --from and --to"),
    ]

    @Test(arguments: wrongWords)
    func wrongWordsAreSaid(option: String, text: String, said: String) async {
        let host = MemoryHost(["/c/carillon.toml": config()])
        let run = await carillon(
            arguments: [
                "simulate", "--config", "/c/carillon.toml", "--from", "2026-06-15T00:00", "--to",
                "2026-06-16T00:00", option, text,
            ], host: host)
        #expect(run.status == 2)
        #expect(run.errors.contains(said), "said: \(run.errors)")
    }

    @Test(arguments: mistakes)
    func mistakesAreSaid(arguments: [String], said: String) async {
        let host = MemoryHost(["/c/carillon.toml": config()])
        let run = await carillon(
            arguments: ["simulate", "--config", "/c/carillon.toml"] + arguments, host: host)
        #expect(run.status == 2)
        #expect(run.errors.contains(said))
    }
}
