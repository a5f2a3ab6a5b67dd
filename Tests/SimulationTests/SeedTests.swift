import Foundation
import Simulation
import Testing

/// Stories by seed: those that ever failed, and many more for a fixed time.
@Suite struct SeedTests {
    /// Of every kind of workload, and the same for everybody.
    ///
    /// A gate that draws lots says nothing of the change that it is asked about: new ones are for
    /// `scripts/simulate --first`, by night.
    private static let gate =
        Array(400_000..<400_011) + Array(500_000..<500_006) + Array(600_000..<600_004)
        + [700_002, 700_005, 700_008, 700_010] + Array(800_000..<800_003)
        + [900_000, 900_001]

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

    @Test(arguments: gate)
    func aSeedOfTheGatePasses(seed: Int) throws {
        let folder = try TestFolder()
        let outcome = try folder.workloads.play(UInt64(seed))
        #expect(outcome.violations == [])
    }
}
