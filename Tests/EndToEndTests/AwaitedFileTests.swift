import Foundation
import Testing

/// Files that a config waits for, where nothing but time tells that they can be read.
@Suite("Awaited files", .timeLimit(.minutes(30)))
struct AwaitedFileTests {
    private static let schedules = """
        [calendars.close]
        files = ["holidays.csv"]
        [schedules.holiday]
        process = "\(Site.process)"
        cron = "0 0 6 1 1 * 2099"
        calendar = "close"
        """
    private static let dates = "date\n2100-01-01\n"
    private static let waits =
        "SELECT count(*) FROM attention WHERE subject = 'holiday' AND kind = 'waits'"

    @Test("What the last accepted config waits for comes, though the files on disk are refused")
    func keptConfig() async throws {
        let site = try Site(port: 1, schedules: Self.schedules)
        defer { site.remove() }
        // Accepted while the dates aren't there: those of a file that was read once are kept.
        let first = try await Life(config: site.config, in: site.folder)
        #expect(await first.isReady(), "said: \(first.log)")
        #expect(await first.stop().status == 0)
        try site.edit("version = 1", to: "version = 1\nnonsense = 1")
        let life = try await Life(config: site.config, in: site.folder)
        #expect(await life.isReady(), "said: \(life.log)")
        let isSaid = try await life.turns { try await site.ask(Self.waits) == "1" }
        #expect(isSaid, "said: \(life.log)")
        try site.folder.write(Self.dates, to: "holidays.csv")
        let isHealed = try await life.turns { try await site.ask(Self.waits) == "0" }
        #expect(isHealed, "said: \(life.log)")
        // The refusal stands: nobody has mended the files.
        #expect(
            try await site.ask("SELECT count(*) FROM attention WHERE kind = 'configuration'")
                == "1")
        #expect(await life.stop().status == 0, "said: \(life.log)")
    }

    @Test(
        "A file that could not be read is read again, though nothing of it has changed",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func unchanged() async throws {
        let site = try Site(port: 1, schedules: Self.schedules)
        defer { site.remove() }
        try site.folder.write(Self.dates, to: "holidays.csv")
        // By thread: whichever reads it fails the first time.
        let life = try await Life(
            config: site.config, in: site.folder,
            under: [
                "/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P",
                site.folder.path("holidays.csv"), "-e", "trace=read,pread64", "-e",
                "inject=read,pread64:error=EIO:when=1",
            ])
        #expect(await life.isReady(), "said: \(life.log)")
        #expect(life.log.contains("holidays.csv"), "said: \(life.log)")
        let isHealed = try await life.turns {
            let state = try await site.ask(
                "SELECT state FROM schedules WHERE schedule = 'holiday'")
            let rows = try await site.ask(Self.waits)
            return state == "active" && rows == "0"
        }
        #expect(isHealed, "said: \(life.log)")
        #expect(await life.stop().status == 0, "said: \(life.log)")
    }
}
