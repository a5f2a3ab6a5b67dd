import ProcessesAPI
package import Store

/// One sentence about a slot.
package enum WhySentence {
    /// A sentence on a deadline with a blank before it; empty where there is none.
    private static func deadline(
        _ value: (String) -> String?, _ name: String, _ verb: String
    ) -> String {
        guard let at = value("\(name)_at") else { return "" }
        switch value(name).flatMap(DeadlineVerdict.init) {
        case .met: return " It had to \(verb) by \(at), and did."
        case .missed: return " It had to \(verb) by \(at), and did not."
        case .void: return ""
        case nil: return " It must \(verb) by \(at)."
        }
    }

    /// A sentence on what is expected of a slot that isn't over, with a blank before it.
    private static func forecast(
        _ value: (String) -> String?, _ disposition: Disposition?
    ) -> String {
        let isOpen =
            switch disposition {
            case .started:
                RunStatus(value("run_status") ?? "").isOpen
                    && value("outcome").flatMap(RunOutcome.init) != .lost
            case .pending, .starting, .unknown, .held: true
            default: false
            }
        guard isOpen, value("finish_by") == nil else { return "" }
        if let late = value("forecast") { return " It will be late: \(late)." }
        return value("expected_end_at").map {
            " It is expected to end at \($0), as it usually does."
        } ?? ""
    }

    /// What it makes up for and what makes up for it, with a blank before each sentence.
    private static func makeUps(_ value: (String) -> String?) -> String {
        let past = value("makes_up_slot_id").map { " It makes up for slot \($0)." } ?? ""
        guard let later = value("made_up_by_slot_id") else { return past }
        return past + " Slot \(later) was asked for to make up for it: "
            + "\(value("made_up_by_disposition") ?? "?")."
    }

    /// What became of a slot and why.
    ///
    /// - Parameters:
    ///   - slots: rows of the view `history`.
    ///   - row: which of them.
    /// - Returns: The sentence with its full stop.
    package static func slot(_ slots: LedgerTable, row: Int) -> String {
        let slot = Rows(slots)[row]
        func value(_ column: String) -> String? {
            let text = slot.text(column)
            return text.isEmpty ? nil : text
        }
        let kind = value("kind").flatMap { SlotKind(rawValue: $0) == .rule ? nil : "\($0) " } ?? ""
        let name = "The \(kind)slot of \(value("schedule") ?? "?") at \(value("slot_local") ?? "?")"
        let word = value("disposition") ?? "?"
        let disposition = Disposition(rawValue: word)
        let reason = value("reason") ?? ""
        var sentence: String
        switch disposition {
        case .started:
            sentence = "\(name) started run \(value("run_id") ?? "?")"
            if let attempts = value("attempts"), attempts != "0", attempts != "1" {
                sentence += " with its attempt number \(attempts)"
            }
            if let lag = value("start_lag_seconds") { sentence += ", \(lag) s after it was due" }
            sentence += " (\(reason))"
            if let status = value("run_status") { sentence += "; the run is \(status)" }
            if let outcome = value("outcome"), RunOutcome(rawValue: outcome) != .active {
                sentence += " (\(outcome))"
            }
        case .pending: sentence = "\(name) is still waiting: \(reason)"
        case .starting: sentence = "\(name) is being started: \(reason)"
        case .unknown:
            sentence = "\(name) may have started a run, which is being looked for: \(reason)"
        case .held:
            sentence =
                "\(name) is held until a person decides: \(reason); "
                + "carillon resolve \(value("slot_id") ?? "SLOT") --run RUN | --start | --drop"
        case .expired, .failed: sentence = "\(name) \(word): \(reason)"
        case .skipped, .coalesced, .missed, .cancelled, nil:
            sentence = "\(name) was \(word): \(reason)"
        }
        if disposition != .started, let error = value("last_error") {
            sentence += "; the last error was: \(error)"
        }
        let rule = value("rule").map { " Made by rule: \($0)." } ?? ""
        let window =
            disposition == .started
            ? value("window").map { " It fell into window \($0)." } ?? "" : ""
        return sentence + "." + makeUps(value) + rule + window + deadline(value, "start_by", "run")
            + deadline(value, "finish_by", "be finished") + forecast(value, disposition)
    }
}
