import Config
import Console
import Engine
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("90s", 90_000), ("15m", 900_000), ("6h", 21_600_000), ("2d", 172_800_000), ("0s", 0),
    ])
    func readsDurations(text: String, milliseconds: Int64) {
        #expect(DurationText.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "s", "15", "15 m", "-5m", "+5m", "1.5h", "15min", "1h30m", "٣m",
        "99999999999999999999d",
        "9223372036854775807d", "15M",
    ])
    func refusesWhatIsNone(text: String) {
        #expect(DurationText.milliseconds(text) == nil)
    }

    @Test(arguments: [
        (90_000, "90s"), (900_000, "15m"), (5_400_000, "90m"), (172_800_000, "2d"), (0, "0s"),
        (1500, "1500ms"),
    ])
    func writesDurations(milliseconds: Int64, text: String) {
        #expect(DurationText.text(milliseconds: milliseconds) == text)
    }
}

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("tiemzone", "timezone"), ("timezon", "timezone"), ("time-zone", "timezone"),
        ("Cron", "cron"), ("corn", "cron"), ("overlaps", "overlap"),
        ("start-within", "start_within"),
    ])
    func findsTheSlip(word: String, meant: String) {
        let names = ["cron", "timezone", "overlap", "start_within", "spread"]
        #expect(NearestName.find(word, in: names) == meant)
    }

    @Test(arguments: ["", "colour", "x", "schedule", String(repeating: "a", count: 200)])
    func staysSilentWhereNothingIsNear(word: String) {
        #expect(NearestName.find(word, in: ["cron", "timezone", "overlap"]) == nil)
    }
}

@Suite struct PrintableTests {
    @Test(arguments: [
        ("plain ünïcode 漢", "plain ünïcode 漢"),
        ("\u{1B}]0;title\u{07}", "\\u{1b}]0;title\\u{7}"),
        ("two\nlines\r\tand\u{202E}bidi", "two\\nlines\\r\\tand\\u{202e}bidi"),
        ("\u{9B}31m", "\\u{9b}31m"),
    ])
    func escapesWhatActsOnATerminal(text: String, safe: String) {
        #expect(Printable.escaped(text) == safe)
    }

    @Test func cutsLongText() {
        #expect(Printable.escaped("abcdefgh", limit: 5) == "abcd…")
    }
}

@Suite struct OutcomeTextTests {
    @Test(arguments: [
        ("error > 0", "error", false, ">", 0.0), ("error>0", "error", false, ">", 0),
        ("cancelled / total > 10%", "cancelled", true, ">", 0.1),
        ("Complete/total<0.95", "complete", true, "<", 0.95),
        ("errorHold == 1", "errorhold", false, "=", 1),
        ("error >= 2", "error", false, ">=", 2),
    ])
    func readsConditions(
        text: String, status: String, ofTotal: Bool, sign: String, threshold: Double
    ) throws {
        let condition = try OutcomeText.parse(text)
        #expect(condition.status == status)
        #expect(condition.ofTotal == ofTotal)
        #expect(condition.comparison.rawValue == sign)
        #expect(condition.threshold == threshold)
    }

    @Test(arguments: [
        "", "> 0", "error", "error >", "error > x", "error => 1", "error > 1 2", "error / all > 1",
        "error > 10%", "error / total > 2", "error > -1", "error > 1e999", "error > 0x10",
    ])
    func refusesWhatIsNone(text: String) {
        #expect(throws: OutcomeText.Mistake.self) { try OutcomeText.parse(text) }
    }
}

@Suite struct UpstreamCycleTests {
    @Test func findsEachCircleOnce() {
        let found = UpstreamCycles.find([
            "a": ["b"], "b": ["c"], "c": ["a"], "self": ["self"], "d": ["a"], "e": ["d", "f"],
        ])
        #expect(found == [["a", "b", "c"], ["self"]])
    }

    @Test func diamondsAreNoCircles() {
        let found = UpstreamCycles.find([
            "top": ["left", "right"], "left": ["bottom"], "right": ["bottom"], "bottom": [],
        ])
        #expect(found.isEmpty)
    }

    @Test func longChainsDontOverflowTheStack() {
        var upstreams: [String: [String]] = [:]
        for number in 0..<2000 { upstreams["s\(number)"] = ["s\(number + 1)"] }
        #expect(UpstreamCycles.find(upstreams).isEmpty)
    }
}
