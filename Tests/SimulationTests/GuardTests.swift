import Engine
import Simulation
import Testing

/// Negative tests: with a guard of the protocol switched off, the checker finds what it prevents.
///
/// A checker that finds nothing then would find nothing at all.
@Suite struct GuardTests {
    @Test(arguments: Guard.allCases)
    func withoutThisGuardSomeStoryFails(off: Guard) throws {
        let guards = Guards(without: off)
        let folder = try TestFolder()
        for workload in CrashWorkload.all {
            // A death in which the start is out, and none at all.
            for point in [Int.max, 14, 16, 18, 20, 22, 24, 26, 28, 30] {
                let file = try folder.workloads.freshDatabase()
                defer { folder.workloads.discard(file) }
                let outcome = try workload.play(path: file, dieAt: point, guards: guards)
                if !outcome.violations.isEmpty { return }
            }
        }
        Issue.record("no story fails without \(off)")
    }
}
