import Foundation
import Logging
import Testing
import Timetable
import carillon

/// Lines of the log as the journal, a terminal and a program want them.
@Suite struct DaemonLogTests {
    private let now = Instant(seconds: 1_781_510_000)

    @Test func theJournalHasPrioritiesAndItsOwnTime() {
        let line = LogLineFormat(format: .text, isJournal: true)
        #expect(
            line.text("gl@1 failed: refused", level: .error, at: now) == "<3>gl@1 failed: refused")
        #expect(line.text("a\nb", level: .warning, at: now) == "<4>a\n<4>b")
        #expect(
            line.text("x", level: .info, at: now, pairs: [("port", "1")]) == "<6>x port=1")
    }

    @Test func aTerminalHasTheTimeAndAProgramJSON() throws {
        let text = LogLineFormat(format: .text, isJournal: false)
        #expect(
            text.text("x", level: .notice, at: now) == "2026-06-15T07:53:20Z notice carillon: x")
        let json = LogLineFormat(format: .json, isJournal: true)
        let line = json.text("a\n\"b\"", level: .error, at: now, pairs: [("port", "1")])
        #expect(line.hasPrefix("<3>{"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line.dropFirst(3).utf8))
                as? [String: String])
        #expect(
            object == [
                "time": "2026-06-15T07:53:20Z", "level": "error", "message": "a\n\"b\"",
                "port": "1",
            ])
    }

    @Test func theSameLineIsWrittenOnceAMinuteWithItsNumber() {
        let repeats = RepeatedLines()
        func said(_ message: String, second: Int64) -> [String] {
            repeats.due(message, level: .warning, at: now.adding(milliseconds: second * 1000))
                .map(\.message)
        }
        #expect(said("a", second: 0) == ["a"])
        #expect(said("a", second: 1) == [])
        #expect(said("b", second: 2) == ["b"])
        #expect(said("a", second: 59) == [])
        #expect(said("a", second: 61) == ["a (3 times)"])
        #expect(said("a", second: 62) == [])
        // Its number is told by the next line, whatever that is.
        #expect(said("c", second: 200) == ["a (once more)", "c"])
        #expect(said("a", second: 201) == ["a"])
        // More lines than are remembered are all written.
        for number in 0..<1_000 { #expect(said("n\(number)", second: 300) == ["n\(number)"]) }
    }

    @Test func aClockThatWasSetBackEndsTheMinute() {
        let repeats = RepeatedLines()
        func said(_ message: String, second: Int64) -> [String] {
            repeats.due(message, level: .warning, at: now.adding(milliseconds: second * 1000))
                .map(\.message)
        }
        #expect(said("a", second: 0) == ["a"])
        #expect(said("b", second: 10) == ["b"])
        #expect(said("a", second: 11) == [])
        #expect(said("b", second: 12) == [])
        // Before both began.
        #expect(said("a", second: -3_600) == ["b (once more)", "a (2 times)"])
        #expect(said("a", second: -3_599) == [])
        #expect(said("b", second: -3_599) == ["b"])
        #expect(said("b", second: -3_530) == ["a (once more)", "b"])
    }

    /// A megabyte waits for the reader; what doesn't fit is counted, in lines like the others: one for
    /// each time that the writer got on.
    @Test func linesThatNobodyReadAreCounted() throws {
        let pipe = Pipe()
        let writer = LogWriter(to: pipe.fileHandleForWriting.fileDescriptor)
        writer.tellDrops { [now] count in
            LogLineFormat(format: .json, isJournal: true)
                .text("\(count) dropped", level: .warning, at: now)
        }
        let line = String(repeating: "x", count: 1023)
        for _ in 0..<4096 { writer.write(line) }
        var (text, written, dropped) = ("", 0, 0)
        let reading = pipe.fileHandleForReading
        while written + dropped < 4096 {
            var ready = pollfd(
                fd: reading.fileDescriptor, events: Int16(POLLIN), revents: 0)
            // SAFETY: one entry is there for the call. A line that never comes fails the test, and
            // doesn't hang it.
            guard unsafe poll(&ready, 1, 20_000) == 1 else { break }
            text += String(decoding: reading.availableData, as: UTF8.self)
            while let end = text.firstIndex(of: "\n") {
                let found = text[..<end]
                written += found == line ? 1 : 0
                if found.hasPrefix("<4>{"), let match = found.firstMatch(of: /(\d+) dropped/) {
                    dropped += Int(match.output.1) ?? 0
                }
                text.removeSubrange(...end)
            }
        }
        #expect(written + dropped == 4096)
        #expect(dropped > 1000)
    }
}
