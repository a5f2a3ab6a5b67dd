import ProcessesAPI
import Store
import Timetable

/// What the validation ahead of a start (`validate_first`) has found.
extension Clockwork {
    /// Applies the answer of a validation: errors are recorded with the job they name, and the
    /// start is refused for them.
    func validated(_ slotID: Int64, _ answer: APIAnswer) throws {
        memory.validatingSlots.remove(slotID)
        let failures = memory.validationFailures.removeValue(forKey: slotID) ?? 0
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
                    nextStep: "mend the process in Workiva, then trigger the schedule")
                row.connection = slot.connection
                row.schedule = slot.schedule
                row.slotID = slotID
                row.code = problem.code
                row.target = problem.target
                row.meta = problem.meta
                row.details = problem.details
                _ = try ledger.insert(row, now: now)
            }
            try slots.end(slot, .failed, "the process does not validate: \(problems.count) errors")
        case .success:
            try slots.wait(slot, .validationUnreadable, until: now.adding(milliseconds: 30_000))
        case .failure(let failure) where Gate.lastingRefusals.contains(failure.apiStatus ?? 0):
            try book.note(
                failure, answer: answer, slot: slot,
                nextStep: "the slot has failed; mend the cause and trigger it")
            try slots.end(slot, .failed, "the process can't be validated: \(failure.summary)")
        case .failure(let failure):
            try book.note(
                failure, answer: answer, slot: slot,
                nextStep: failure.apiStatus == 401
                    ? Gate.nextStep(isTokenRefusedAgain: gate.isRefusedAgain(slot.connection))
                    : "validated again")
            memory.validationFailures[slotID] = failures + 1
            if failure.apiStatus == 401, failures == 0 {
                try slots.wait(slot, .tokenRefused, until: now)
                return
            }
            let delay = Backoff.delayMilliseconds(
                RetryPolicy(), attempt: failures + 2, seed: UInt64(bitPattern: slotID))
            try wait(
                slot, until: now.adding(milliseconds: delay),
                why: "the process could not be validated: \(failure.summary)")
        }
    }
}
