import Foundation
import Simulation
import Testing

/// Stories by seed: those that ever failed, and many more for a fixed time.
@Suite struct SeedTests {
    /// Seconds of random stories; `scripts/simulate` plays them for as long as one likes.
    private static let seconds = 20.0

    @Test func everySeedThatEverFailedPasses() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("seeds.txt")
        let seeds = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .compactMap { UInt64($0.prefix { $0.isNumber }) }
        #expect(!seeds.isEmpty)
        let folder = try TestFolder()
        for seed in seeds {
            #expect(try folder.stories.play(seed).violations == [], "seed \(seed)")
        }
    }

    @Test func theSameSeedTellsTheSameStory() throws {
        let folder = try TestFolder()
        for seed in [UInt64(5), 11, 56] {
            let first = try folder.stories.play(seed)
            let second = try folder.stories.play(seed)
            #expect(first.turns == second.turns)
            #expect(first.log == second.log)
        }
    }

    /// The first seeds for a fixed time; `CARILLON_LONG=1` takes another start each day instead.
    @Test func manySeedsPass() throws {
        let folder = try TestFolder()
        let isLong = ProcessInfo.processInfo.environment["CARILLON_LONG"] != nil
        let first = isLong ? UInt64(Date().timeIntervalSince1970 / 86_400) * 100_000 : 1
        print("random stories from seed \(first)")
        let end = ContinuousClock().now.advanced(by: .seconds(isLong ? 60 : Self.seconds))
        var seed = first
        while ContinuousClock().now < end, isLong || seed <= 30 {
            let outcome = try folder.stories.play(seed)
            #expect(outcome.violations == [], "seed \(seed): add it to seeds.txt")
            seed += 1
        }
        #expect(seed > first)
    }
}
