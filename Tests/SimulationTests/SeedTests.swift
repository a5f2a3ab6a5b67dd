import Foundation
import Simulation
import Testing

/// Stories by seed: those that ever failed, and many more for a fixed time.
@Suite struct SeedTests {
    private static let newSeeds = Duration.seconds(60)

    @Test func everySeedThatEverFailedPasses() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("seeds.txt")
        let seeds = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .compactMap { UInt64($0.prefix { $0.isNumber }) }
        #expect(!seeds.isEmpty)
        let folder = try TestFolder()
        for seed in seeds {
            #expect(try folder.workloads.play(seed).violations == [], "seed \(seed)")
        }
    }

    @Test func theSameSeedTellsTheSameStory() throws {
        let folder = try TestFolder()
        for seed in [UInt64(5), 11, 56] {
            let first = try folder.workloads.play(seed)
            let second = try folder.workloads.play(seed)
            #expect(first.turns == second.turns)
            #expect(first.log == second.log)
        }
    }

    /// A minute of stories that nobody has told before; the first seed is printed.
    ///
    /// `scripts/simulate --first SEED` plays them again, and for as long as one likes.
    @Test func aMinuteOfNewSeedsPasses() throws {
        let folder = try TestFolder()
        let first = UInt64.random(in: 100_000...1 << 40)
        print("random stories from seed \(first)")
        let end = ContinuousClock().now.advanced(by: Self.newSeeds)
        var seed = first
        while ContinuousClock().now < end {
            let outcome = try folder.workloads.play(seed)
            #expect(outcome.violations == [], "seed \(seed): add it to seeds.txt")
            seed += 1
        }
        #expect(seed > first)
    }
}
