import ProcessesAPI
import Store
import Timetable

/// Validations ahead of starts (`validate_first`), and what they have found.
final class Validations: Room, Grounded {
    let ground: Ground
    private let gate: Gate
    private let backoffs: Backoffs
    /// Slots whose process is being validated.
    private var out: Set<Int64> = []
    /// Validations in a row that told nothing, by slot.
    private var failures: [Int64: Int] = [:]

    init(_ ground: Ground, gate: Gate, backoffs: Backoffs) {
        self.ground = ground
        self.gate = gate
        self.backoffs = backoffs
    }

    func keep() -> () -> Void {
        let kept = (out, failures)
        return { [self] in (out, failures) = kept }
    }

    func isOut(_ slot: SlotRow) -> Bool { out.contains(slot.slotID) }
    func forget(_ slotID: Int64) { out.remove(slotID) }

    func send(_ slot: SlotRow, _ connection: Connection) throws {
        let pass: Gate.Pass
        switch try gate.admit(.validation, connection) {
        case .go(let admitted): pass = admitted
        case .wait(.asked(let until)):
            return try slots.wait(slot, .validationHint(until: until), until: until)
        case .wait(.budget(let until)): return try slots.wait(slot, .budget, until: until)
        case .wait: return try slots.wait(slot, .token, until: now.adding(milliseconds: 15_000))
        }
        out.insert(slot.slotID)
        gate.send(.validate(process: slot.processID), pass, .validate(slotID: slot.slotID))
        try slots.wait(slot, .validation, until: now.adding(milliseconds: 45_000))
    }

    /// Applies the answer of a validation: errors are recorded with the job they name, and the
    /// start is refused for them.
    func receive(_ slotID: Int64, _ answer: APIAnswer) throws {
        out.remove(slotID)
        let failed = failures.removeValue(forKey: slotID) ?? 0
        guard let slot = try ledger.slot(slotID), slot.disposition == .pending else { return }
        switch answer.result {
        case .success(.validation(let problems)) where problems.isEmpty:
            try ledger.setValidated(slotID, at: now)
            try slots.wait(slot, .validated, until: now)
        case .success(.validation(let problems)):
            for problem in problems {
                var row = NewError(
                    operation: answer.call.operation,
                    message: problem.message ?? problem.code ?? "validation failed",
                    nextStep: "fix the process in Workiva, then trigger the schedule",
                    connection: slot.connection, schedule: slot.schedule, slotID: slotID)
                row.take(problem)
                try ledger.insert(row, now: now)
            }
            try slots.end(slot, .invalid(problems: problems.count))
        case .success:
            try slots.wait(slot, .validationUnreadable, until: now.adding(milliseconds: 30_000))
        case .failure(let failure) where Gate.lastingRefusals.contains(failure.apiStatus ?? 0):
            try book.note(
                failure, answer: answer, slot: slot,
                nextStep: "the slot has failed; fix the cause and trigger it")
            try slots.end(slot, .notValidated(failure.summary))
        case .failure(let failure):
            try book.note(
                failure, answer: answer, slot: slot,
                nextStep: failure.apiStatus == 401
                    ? gate.nextStep(afterRefusalOf: slot.connection)
                    : "validated again")
            failures[slotID] = failed + 1
            if failure.apiStatus == 401, failed == 0 {
                try slots.wait(slot, .tokenRefused, until: now)
                return
            }
            let delay = Backoff.delayMilliseconds(
                RetryPolicy(), attempt: failed + 2, seed: UInt64(bitPattern: slotID))
            try backoffs.wait(
                slot, .notValidated(failure.summary), until: now.adding(milliseconds: delay))
        }
    }
}
