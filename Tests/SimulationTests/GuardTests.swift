import Engine
import Simulation
import Testing

/// Negative tests: with a guard of the protocol switched off, the checker finds what it prevents.
///
/// A checker that finds nothing then would find nothing at all.
@Suite struct GuardTests {
    private static let guards: [(String, @Sendable (inout Clockwork.Guards) -> Void)] = [
        ("looksBeforeStart", { $0.looksBeforeStart = false }),
        ("settlesUnknown", { $0.settlesUnknown = false }),
        ("recoversStarting", { $0.recoversStarting = false }),
        ("keepsHints", { $0.keepsHints = false }),
        ("waitsForExposure", { $0.waitsForExposure = false }),
        ("waitsToSettle", { $0.waitsToSettle = false }),
        ("comparesBaseline", { $0.comparesBaseline = false }),
    ]

    @Test(arguments: Self.guards.map(\.0))
    func withoutThisGuardSomeStoryFails(name: String) throws {
        let switchOff = try #require(Self.guards.first { $0.0 == name }).1
        var guards = Clockwork.Guards()
        switchOff(&guards)
        let folder = try TestFolder()
        for story in ShortStory.all {
            for point in stride(from: 1, through: 90, by: 3) {
                let file = try folder.stories.freshDatabase()
                defer { folder.stories.discard(file) }
                let outcome = try story.play(path: file, dieAt: point, guards: guards)
                if !outcome.violations.isEmpty { return }
                if outcome.deaths == 0 { break }
            }
        }
        for seed in UInt64(1)...15 {
            let outcome = try folder.stories.play(seed, guards: guards)
            if !outcome.violations.isEmpty { return }
        }
        Issue.record("no story fails without \(name)")
    }
}
