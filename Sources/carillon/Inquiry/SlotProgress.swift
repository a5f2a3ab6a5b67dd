package import Console
import ProcessesAPI
package import Store

/// How far a slot that somebody waits for has come.
package enum SlotProgress: Sendable {
    /// Something more will come of it.
    case goesOn
    case succeeded
    /// It is over, or waits for a person: what to say, and how the command ends.
    case ended(CommandFailure)

    /// Judges the first row of a table of the view `history`.
    package init(_ slot: LedgerTable) {
        guard !slot.rows.isEmpty else {
            self = .ended(CommandFailure(.failed, "the slot is gone"))
            return
        }
        func value(_ column: String) -> String {
            Printable.escaped(slot.value(column, row: 0).words ?? "")
        }
        let id = value("slot_id")
        switch Disposition(rawValue: value("disposition")) {
        case .started?: self = Self.run(outcome: value("outcome"), status: value("run_status"))
        case .pending?, .starting?, .unknown?: self = .goesOn
        case .held?:
            self = .ended(
                CommandFailure(
                    .conflict, "slot \(id) is held: \(value("reason")); see: carillon attention"))
        case .skipped?, .coalesced?, .missed?, .expired?, .failed?, .cancelled?, nil:
            self = .ended(
                CommandFailure(.failed, "slot \(id) is \(value("disposition")): \(value("reason"))")
            )
        }
    }

    private static func run(outcome: String, status: String) -> SlotProgress {
        switch RunOutcome(rawValue: outcome) {
        case .succeeded?: .succeeded
        case .failed?, .cancelled?, .lost?:
            .ended(CommandFailure(.failed, "the run ended: \(outcome)"))
        case .attention? where !RunStatus(status).isOpen || RunStatus(status).isInError:
            // What ends so goes on only when a person has been there.
            .ended(
                CommandFailure(
                    .failed, "the run is \(status) and needs a person; see: carillon attention"))
        case .attention?, .active?, nil: .goesOn
        }
    }

    /// What a person who waits sees of the slot: disposition, run, its status, its outcome.
    package static func words(_ slot: LedgerTable) -> String {
        guard !slot.rows.isEmpty else { return "" }
        return ["disposition", "run_id", "run_status", "outcome"]
            .compactMap { slot.value($0, row: 0).words }.filter { !$0.isEmpty }
            .joined(separator: " ")
    }
}

/// Waits for a slot's run in the ledger; the daemon may restart meanwhile.
struct SlotWait {
    private static let gapMilliseconds: Int64 = 1_000

    /// Opened anew for each read: a restore may put another file in its place.
    let ledger: () throws -> LedgerReader
    let environment: CommandEnvironment

    /// Returns when the run has succeeded.
    ///
    /// - Parameters:
    ///   - slotID: which slot.
    ///   - show: told what became of it, once for each change.
    /// - Throws: `CommandFailure` if it ends in another way; `StoreError` if the ledger can't be read.
    func end(of slotID: Int64, show: (String) -> Void) async throws {
        var shown = ""
        while true {
            let slot = try ledger().slot(slotID)
            let words = SlotProgress.words(slot)
            if words != shown, !words.isEmpty { show(words) }
            shown = words
            switch SlotProgress(slot) {
            case .succeeded: return
            case .ended(let failure): throw failure
            case .goesOn: await environment.sleep(Self.gapMilliseconds)
            }
        }
    }
}
