import Simulation
import Testing

/// A death at every point of the short stories, and a second one while recovering.
@Suite struct DeathTests {
    @Test(arguments: CrashWorkload.all.map(\.name))
    func aDeathAtEveryPointStartsNothingTwice(name: String) throws {
        let folder = try TestFolder()
        let workload = try #require(CrashWorkload.all.first { $0.name == name })
        var point = 1
        while true {
            let file = try folder.workloads.freshDatabase()
            // Each second telling dies again in the life after, at a point that wanders.
            let second = point % 2 == 0 ? 1 + point * 7 % 60 : nil
            let outcome = try workload.play(path: file, dieAt: point, thenAt: second)
            folder.workloads.discard(file)
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
    /// Here one step in three, another third in each story: all of them took the gate a quarter of an
    /// hour. `scripts/simulate --deaths` leaves none out.
    ///
    /// `scripts/simulate --deaths` dies a second time as well, while recovering.
    @Test(arguments: CrashWorkload.all.map(\.name))
    func aDeathBeforeEverySQLStepStartsNothingTwice(name: String) throws {
        let folder = try TestFolder()
        let workload = try #require(CrashWorkload.all.first { $0.name == name })
        let index = CrashWorkload.all.firstIndex { $0.name == name } ?? 0
        var point = 1 + index % 3
        while true {
            let file = try folder.workloads.freshDatabase()
            let outcome = try workload.play(path: file, dieAt: point, everyStep: true)
            folder.workloads.discard(file)
            #expect(outcome.violations == [], "\(name), death before step \(point)")
            guard outcome.deaths > 0, outcome.violations.isEmpty else { break }
            point += 3
        }
        #expect(point > 300, "the story has too few steps to die at")
    }

    @Test func withoutADeathEachStoryHasOneRun() throws {
        let folder = try TestFolder()
        for workload in CrashWorkload.all {
            let file = try folder.workloads.freshDatabase()
            let outcome = try workload.play(path: file, dieAt: .max)
            #expect(outcome.violations == [], "\(workload.name)")
            #expect(outcome.runs == 1, "\(workload.name)")
            folder.workloads.discard(file)
        }
    }
}
