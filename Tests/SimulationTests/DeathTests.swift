import Simulation
import Testing

/// A death at every point of the short stories, and a second one while recovering.
@Suite struct DeathTests {
    @Test(arguments: ShortStory.all.map(\.name))
    func aDeathAtEveryPointStartsNothingTwice(name: String) throws {
        let folder = try TestFolder()
        let story = try #require(ShortStory.all.first { $0.name == name })
        var point = 1
        while true {
            let file = try folder.stories.freshDatabase()
            // Each second telling dies again in the life after, at a point that wanders.
            let second = point % 2 == 0 ? 1 + point * 7 % 60 : nil
            let outcome = try story.play(path: file, dieAt: point, thenAt: second)
            folder.stories.discard(file)
            #expect(
                outcome.violations == [],
                "\(name), death at \(point), then at \(second ?? 0)")
            guard outcome.deaths > 0, outcome.violations.isEmpty else { break }
            point += 1
        }
        #expect(point > 30, "the story has too few points to die at")
    }

    /// Within a transaction every death should leave the same file; this takes nobody's word for it.
    ///
    /// `scripts/simulate --deaths` dies a second time as well, while recovering.
    @Test(arguments: ShortStory.all.map(\.name))
    func aDeathBeforeEverySQLStepStartsNothingTwice(name: String) throws {
        let folder = try TestFolder()
        let story = try #require(ShortStory.all.first { $0.name == name })
        var point = 1
        while true {
            let file = try folder.stories.freshDatabase()
            let outcome = try story.play(path: file, dieAt: point, everyStep: true)
            folder.stories.discard(file)
            #expect(outcome.violations == [], "\(name), death before step \(point)")
            guard outcome.deaths > 0, outcome.violations.isEmpty else { break }
            point += 1
        }
        #expect(point > 300, "the story has too few steps to die at")
    }

    @Test func withoutADeathEachStoryHasOneRun() throws {
        let folder = try TestFolder()
        for story in ShortStory.all {
            let file = try folder.stories.freshDatabase()
            let outcome = try story.play(path: file, dieAt: .max)
            #expect(outcome.violations == [], "\(story.name)")
            #expect(outcome.runs == 1, "\(story.name)")
            folder.stories.discard(file)
        }
    }
}
