import Config
import ConfigFixtures
import Testing
import Timetable

/// How long history is kept, as `[daemon] keep_history` says.
@Suite struct KeepHistoryTests {
    @Test(arguments: [
        ("", Int64(2560)), ("keep_history = \"forever\"", nil), ("keep_history = \"90d\"", 90),
    ])
    func sevenYearsUnlessItSaysOtherwise(line: String, days: Int64?) throws {
        let host = MemoryHost(["/c/carillon.toml": config(daemon: line)])
        let loaded = try ConfigurationLoader(host: host)
            .load("/c/carillon.toml", now: Instant(seconds: 1_780_000_000))
        #expect(loaded.daemon.keepHistoryMilliseconds == days.map { $0 * 86_400_000 })
        #expect(loaded.engine.keepHistoryMilliseconds == days.map { $0 * 86_400_000 })
    }
}
