import Testing
import Timetable

/// Lengths of time as people read them, in the three forms that there are.
@Suite struct SpanTextTests {
    @Test(
        arguments: [
            (0, "0 s", "0s", "0s"), (59, "59 s", "59s", "59s"), (60, "1 min", "1m 00s", "1m"),
            (3_599, "59 min 59 s", "59m 59s", "59m"), (3_900, "1 h 5 min", "1h 05m", "1h"),
            (97_200, "1 d 3 h", "1d 03h", "27h"), (187_200, "2 d 4 h", "2d 04h", "2d"),
            (-5, "0 s", "0s", "0s"), (.min, "0 s", "0s", "0s"),
        ] as [(Int64, String, String, String)])
    func eachFormSaysIt(seconds: Int64, text: String, aligned: String, brief: String) {
        #expect(SpanText.text(seconds: seconds) == text)
        #expect(SpanText.aligned(seconds: seconds) == aligned)
        #expect(SpanText.brief(seconds: seconds) == brief)
    }

    @Test func theLongestSpanDoesNotTrap() {
        #expect(SpanText.aligned(seconds: .max).hasSuffix("h"))
        #expect(SpanText.brief(seconds: .max).hasSuffix("d"))
    }
}
