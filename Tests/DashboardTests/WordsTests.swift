import Dashboard
import Testing
import Timetable

@Suite("Words and bars")
struct WordsTests {
    @Test(
        "Relative times",
        arguments: [
            (0, "now"), (999, "now"), (-999, "now"), (1_000, "in 1 s"), (-1_000, "1 s ago"),
            (59_400, "in 59 s"), (59_500, "in 1 min"), (200_000, "in 3 min 20 s"),
            (-11_520_000, "3 h 12 min ago"), (449_000_000, "in 5 d 4 h"), (86_400_000, "in 1 d"),
        ] as [(Int64, String)])
    func relative(milliseconds: Int64, words: String) {
        let now = Instant(seconds: 1_000_000)
        #expect(Words.relative(now.adding(milliseconds: milliseconds), to: now) == words)
    }

    @Test("The ends of time don't trap")
    func extremes() {
        let least = Instant(milliseconds: .min)
        let most = Instant(milliseconds: .max)
        #expect(Words.relative(least, to: most).hasSuffix("ago"))
        #expect(Words.relative(most, to: least).hasPrefix("in"))
        #expect(Words.duration(seconds: .min) == "0 s")
        #expect(CountsBar(["a": .max, "b": .max, "c": .min]).segments.count == 2)
    }

    @Test(
        "Short times",
        arguments: [
            ("2026-03-08T07:00:00-05:00", "2026-03-08 07:00"),
            ("2026-03-08T07:00:12Z", "2026-03-08 07:00:12"),
            ("2026-03-08T07:00:12.250Z", "2026-03-08 07:00:12"), ("", ""), ("soon", "soon"),
        ])
    func shortTime(iso8601: String, words: String) {
        #expect(Words.shortTime(iso8601) == words)
    }

    @Test(
        "What a slot came to has a colour, whatever else its word may contain",
        arguments: [
            ("succeeded", .good), ("failed", .bad), ("missed", .bad), ("held", .warn),
            ("unknown", .warn), ("skipped", .off), ("cancelled", .off), ("active", .live),
            ("attention", .warn), ("lost", .bad), ("pending", .calm), ("started", .live),
            ("not failed", .calm), ("", .calm),
        ] as [(String, Tone)])
    func resultTone(word: String, tone: Tone) {
        #expect(Tone(result: word) == tone)
    }

    @Test(
        "What the API says of a run, a job or a step has one by the word, in whatever case",
        arguments: [
            ("complete", .good), ("Completed", .good), ("errorHold", .bad), ("ERROR_HOLD", .bad),
            ("running", .live), ("In Progress", .live), ("waiting", .calm), ("Canceled", .off),
            ("cancelling", .off), ("Rejected", .bad), ("Signed", .good),
            ("waiting for error report", .calm), ("incomplete", .calm), ("", .calm),
        ] as [(String, Tone)])
    func statusTone(word: String, tone: Tone) {
        #expect(Tone(status: word) == tone)
    }

    @Test(
        "A row of attention is loud where harm was done, and never calm",
        arguments: [
            ("failed", .bad), ("missed", .bad), ("expired", .bad), ("run failed", .bad),
            ("run lost", .bad), ("possible_duplicate", .bad), ("run in trouble", .warn),
            ("held", .warn), ("waiting", .warn), ("late", .warn), ("set aside", .warn),
            ("of a newer daemon", .warn),
        ] as [(String, Tone)])
    func attentionTone(kind: String, tone: Tone) {
        #expect(Tone(attention: kind) == tone)
    }

    @Test("A bar is filled from the left: done, then trouble, then what runs and waits")
    func bar() {
        let bar = CountsBar(["waiting": 1, "error": 1, "complete": 5, "running": 1, "odd": 0])
        #expect(bar.text == "5 complete · 1 error · 1 running · 1 waiting")
        #expect(bar.segments.map(\.tone) == ["good", "bad", "live", "calm"])
        #expect(bar.segments.map(\.start) == ["0.00", "62.50", "75.00", "87.50"])
        #expect(bar.segments.map(\.width) == ["62.50", "12.50", "12.50", "12.50"])
        #expect(bar.percent == 62)
    }

    @Test("No counts, no bar")
    func emptyBar() {
        #expect(CountsBar([:]).segments.isEmpty)
        #expect(CountsBar(["waiting": 0, "x": -3]).segments.isEmpty)
        #expect(CountsBar([:]).percent == 0)
    }

    @Test("Prometheus text: help, type, labels and numbers")
    func prometheus() {
        let text = PrometheusText.render([
            MetricFamily(
                "slots_total", .counter, help: "Slots by disposition.\nReally.",
                samples: [
                    .init(12, [("schedule", "a \"b\" \\ c\nd"), ("disposition", "started")]),
                    .init(0.25), .init(.nan), .init(-.infinity), .init(1_795_498_800),
                ])
        ])
        #expect(
            text == """
                # HELP carillon_slots_total Slots by disposition.\\nReally.
                # TYPE carillon_slots_total counter
                carillon_slots_total{schedule="a \\"b\\" \\\\ c\\nd",disposition="started"} 12
                carillon_slots_total 0.25
                carillon_slots_total NaN
                carillon_slots_total -Inf
                carillon_slots_total 1795498800

                """)
    }

    @Test(
        "Host names of this machine, judged by the parsed address",
        arguments: [
            ("localhost", true), ("localhost:8471", true), ("LocalHost:1", true),
            ("127.0.0.1:8471", true), ("127.8.8.8", true), ("[::1]:8471", true), ("[::1]", true),
            ("", false), ("127.evil.com", false), ("127.0.0.1.evil.com", false),
            ("localhost.evil.com", false), ("evil.com", false), ("10.0.0.1", false),
            ("127.0.0.256", false), ("127.1", false), ("0x7f.0.0.1", false), ("127.0.0.+1", false),
            ("127.0.0.1:", false), ("127.0.0.1:port", false), ("127.0.0.1:99999", false),
            ("[::1", false), ("[::2]:80", false), ("::1", false), ("user@127.0.0.1", false),
        ])
    func hosts(authority: String, isAllowed: Bool) {
        #expect(LoopbackHost.isAllowed(authority: authority) == isAllowed)
    }
}
