import Testing

@Suite(.timeLimit(.minutes(2))) struct SimulateCommandTests {
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
        #expect(run.output.hasSuffix("\"not_started\": []}\n"))
    }

    static let mistakes: [(arguments: [String], said: String)] = [
        (["--from", "2026-06-15T00:00", "--to", "2026-06-14T00:00"], "later than --from"),
        (["--from", "2026-06-15T00:00", "--to", "2028-06-14T00:00"], "at most 400 days"),
        (["--from", "soon", "--to", "2026-06-16T00:00"], "--from soon: not a time"),
        (
            ["--from", "2026-06-15T00:00", "--to", "2026-06-16T00:00", "--down", "x"],
            "--down x: write FROM..TO"
        ),
        (
            ["--from", "2026-06-15T00:00", "--to", "2026-06-16T00:00", "--run-takes", "long"],
            "--run-takes long: write"
        ),
    ]

    @Test(arguments: mistakes)
    func mistakesAreSaid(arguments: [String], said: String) async {
        let host = MemoryHost(["/c/carillon.toml": config()])
        let run = await carillon(
            arguments: ["simulate", "--config", "/c/carillon.toml"] + arguments, host: host)
        #expect(run.status == 2)
        #expect(run.errors.contains(said))
    }
}
