import ConfigFixtures
import Testing

/// `carillon simulate` plays one of several equal days; the numbers must be those of all of them.
@Suite("Days that go as others", .timeLimit(.minutes(30)))
struct RepeatedDaysTests {
    /// A config with several schedules, simulated both ways.
    struct Case: CustomTestStringConvertible {
        let name: String
        let schedules: String
        var from = "2026-10-26T00:00Z"
        var to = "2026-11-10T00:00Z"
        var takes = "15m"
        var rate = "requests = 10, per = \"60s\""
        /// At least so many days were not simulated.
        let repeated: Int
        var testDescription: String { name }
    }

    private static func schedule(_ name: String, _ lines: String, process: Int = 0) -> String {
        "[schedules.\(name)]\nprocess = \"\(process == 0 ? name : "shared\(process)")\"\n\(lines)\n"
    }

    static let cases: [Case] = [
        Case(
            name: "daily, over the end of summer time",
            schedules: schedule("a", "cron = \"0 6 * * *\"")
                + schedule("b", "cron = \"30 17 * * *\""), repeated: 10),
        Case(
            name: "workdays, a month's end, a weekly one",
            schedules: schedule("a", "cron = \"0 6 * * 1-5\"")
                + schedule("b", "cron = \"0 7 L * *\"") + schedule("c", "cron = \"0 6 * * 1\""),
            to: "2026-12-02T00:00Z", repeated: 18),
        Case(
            name: "twice a day on one process, the second one skipped",
            schedules: schedule("a", "cron = \"0 6 * * *\"", process: 1)
                + schedule("b", "cron = \"5 6 * * *\"\noverlap = \"skip\"", process: 1),
            to: "2026-12-01T00:00Z", repeated: 10),
        Case(
            name: "queued behind a run that takes long, with a chain behind it",
            schedules: schedule("a", "cron = \"0 6 * * *\"", process: 1)
                + schedule("b", "cron = \"30 6 * * *\"\noverlap = \"queue\"", process: 1)
                + schedule("c", "after = \"b\""), takes: "2h", repeated: 9),
        Case(
            name: "a chain of two upstreams that end on different days",
            schedules: schedule("a", "cron = \"0 6 * * *\"") + schedule("b", "cron = \"0 5 * * 0\"")
                + schedule("c", "after = [\"a\", \"b\"]"), repeated: 0),
        Case(
            name: "every half hour, runs that overlap",
            schedules: schedule("a", "every = \"30m\"\noverlap = \"skip\"")
                + schedule(
                    "b", "cron = \"10 12 * * *\""), to: "2026-10-31T00:00Z", takes: "20m",
            repeated: 1),
        Case(
            name: "runs longer than the day's quiet time",
            schedules: schedule("a", "cron = \"0 6 * * *\"\noverlap = \"skip\""), takes: "25h",
            repeated: 0),
        Case(
            name: "runs longer than a day's quiet time, but not than two",
            schedules: schedule("a", "cron = \"0 6 * * 1,2,4\"\noverlap = \"skip\""),
            to: "2026-11-30T00:00Z", takes: "25h", repeated: 2),
        Case(
            name: "spread, at the start, by hand, observed, by a name with a date",
            schedules: schedule("a", "cron = \"0 6 * * *\"\nspread = \"5m\"")
                + schedule("b", "cron = \"@reboot\"")
                + schedule("c", "cron = \"0 8 * * *\"\nmode = \"observe\"")
                + "[schedules.d]\nprocess = { name = \"Close {yyyy}-{MM}\" }\ncron = \"0 20 * * *\"\n",
            repeated: 0),
        Case(
            name: "more in one minute than the budget lets through",
            schedules: (0..<12).map { schedule("s\($0)", "cron = \"0 6 * * *\"") }.joined(),
            repeated: 10),
        Case(
            name: "a chain to a process that is another one each month",
            schedules: schedule("a", "cron = \"0 6 * * *\"")
                + "[schedules.b]\nprocess = { name = \"Close 2026-11\" }\ncron = \"10 6 * * *\"\n"
                + "[schedules.c]\nprocess = { name = \"Close {yyyy}-{MM}\" }\nafter = \"a\"\n",
            repeated: 3),
        Case(
            name: "a chain to a process that the list before has shown by its name",
            schedules: schedule("a", "cron = \"0 6 * * *\"")
                + "[schedules.b]\nprocess = { name = \"Close {yyyy}-{MM}\" }\n"
                + "at = { dates = [2026-11-02], time = \"05:00\" }\n"
                + "[schedules.c]\nprocess = { name = \"Close {yyyy}-{MM}\" }\nafter = \"a\"\n",
            from: "2026-11-02T00:00Z", to: "2026-11-20T00:00Z", takes: "10s", repeated: 10),
        Case(
            name: "a token of the day before may still be good",
            schedules: schedule(
                "a", "every = \"7m\"\nstart_within = \"5s\"\nmissed = \"skip\""),
            to: "2026-10-28T00:00Z", takes: "10s", rate: "requests = 4, per = \"60s\"",
            repeated: 0),
        Case(
            name: "a beginning between two seconds, and a weekly schedule",
            schedules: schedule("a", "cron = \"0 6 * * 1\"")
                + schedule("b", "cron = \"0 6 * * *\"") + schedule("c", "after = \"a\""),
            from: "2026-10-27T00:00:00.300Z", to: "2026-11-20T00:00Z", repeated: 5),
    ]

    @Test(arguments: cases)
    func theNumbersAreTheSame(_ simulated: Case) async throws {
        let host = MemoryHost([
            "/c/carillon.toml": config(
                connection: "rate = { \(simulated.rate) }",
                schedule: "enabled = false", more: simulated.schedules)
        ])
        var runs: [String] = []
        for more in [["--every-day"], []] {
            let run = await carillon(
                arguments: [
                    "simulate", "--config", "/c/carillon.toml", "--from", simulated.from, "--to",
                    simulated.to, "--run-takes", simulated.takes,
                ] + more, host: host)
            #expect(run.status == 0, "said: \(run.errors)")
            // Every world makes up ids of its own.
            runs.append(run.output.replacing(/run [0-9a-f]{32}/, with: "run"))
        }
        let words = " not simulated again"
        var lines = runs[1].split(separator: "\n", omittingEmptySubsequences: false)
        let said = lines.first { $0.contains(words) }
        let repeated = said.flatMap { $0.split(separator: " ").first.flatMap { Int($0) } } ?? 0
        #expect(repeated >= simulated.repeated)
        lines.removeAll { $0.contains(words) }
        #expect(lines.joined(separator: "\n") == runs[0])
        #expect(runs[0].contains("SCHEDULE"))
    }
}
