import Engine
import Sandbox
import Store
import Timetable

/// Compares the ledger with what really happened (DESIGN.md section 4).
package struct Checker {
    /// What was found wrong; empty: every invariant holds.
    package private(set) var violations: [String] = []

    /// Makes a checker.
    package init() {}

    /// Checks the invariants of a world.
    ///
    /// - Parameters:
    ///   - world: daemon up or down.
    ///   - isHealed: faults are over and time has passed: every slot must have ended or be held.
    /// - Throws: `StoreError` when the file can't be read.
    package mutating func check(_ world: World, isHealed: Bool = false) throws {
        try world.inspect { ledger in
            if try !ledger.isSound() { violations.append("integrity_check is not ok") }
            try checkRuns(world, ledger)
            try checkSlots(world, ledger)
            if world.sandbox.log.early > 0 {
                violations.append(
                    "I4: \(world.sandbox.log.early) requests before a hint had passed")
            }
            if isHealed { try checkEnded(ledger) }
        }
        for line in world.errorLines { violations.append("error line: \(line)") }
    }

    /// I1: at most one run per slot, and the ledger knows which.
    private mutating func checkRuns(_ world: World, _ ledger: Ledger) throws {
        var runsBySlot: [Int64: [SandboxRun]] = [:]
        for start in world.starts {
            for run in world.sandbox.runs where run.requestNumber == start.requestNumber {
                runsBySlot[start.slotID, default: []].append(run)
            }
        }
        for slotID in runsBySlot.keys.sorted() {
            guard let runs = runsBySlot[slotID], let slot = try ledger.slot(slotID) else {
                violations.append("I2: slot \(slotID) was sent and has no row")
                continue
            }
            if runs.count > 1 {
                violations.append(
                    "I1: slot \(slotID) (\(slot.schedule)) has \(runs.count) runs: "
                        + runs.map(\.id).joined(separator: ", "))
            }
            guard slot.disposition.isFinal, let run = runs.first else { continue }
            let known = try slot.runKey.flatMap { try ledger.run($0) }
            if slot.disposition != .started || known?.runID != run.id {
                violations.append(
                    "I1: slot \(slotID) is \(slot.disposition.rawValue) "
                        + "(\(known?.runID ?? "no run")), but run \(run.id) was created for it")
            }
        }
    }

    /// I2: the slots of each schedule are the enumeration of its rule, each exactly once.
    private mutating func checkSlots(_ world: World, _ ledger: Ledger) throws {
        for schedule in world.configuration.schedules where schedule.enabled {
            guard case .rule(let rule) = schedule.trigger,
                let row = try ledger.schedule(schedule.name)
            else { continue }
            var expected: [Int64] = []
            var instant = row.effectiveAt
            while let next = rule.next(after: instant), next.at <= row.cursorAt {
                expected.append(next.at.milliseconds)
                instant = next.at
            }
            let found = try ledger.ruleSlots(
                schedule: schedule.name, after: row.effectiveAt, through: row.cursorAt)
            if found != expected {
                violations.append(
                    "I2: \(schedule.name) has \(found.count) slots, its rule has \(expected.count)")
            }
        }
    }

    /// Liveness: with everything healed, nothing is stuck.
    private mutating func checkEnded(_ ledger: Ledger) throws {
        for disposition in [Disposition.pending, .starting, .unknown] {
            for slot in try ledger.unended(disposition) {
                violations.append(
                    "I5: slot \(slot.slotID) of \(slot.schedule) is still "
                        + "\(disposition.rawValue): \(slot.reason)")
            }
        }
    }
}
