package import Store

/// The daemon and what is open, in words, from the row of `LedgerReader.status`.
package struct DaemonState {
    private let status: LedgerTable

    /// Takes a table of one row, or of none where no daemon has ever run.
    package init(_ status: LedgerTable) {
        self.status = status
    }

    /// What `carillon status` says, in its order.
    ///
    /// - Parameters:
    ///   - isRecorded: the ledger names a process, and it lives.
    ///   - answers: the control socket does.
    ///   - trouble: what the daemon says of itself; nil: all is well.
    ///   - database: its path.
    /// - Returns: titles and texts.
    package func facts(
        isRecorded: Bool, answers: Bool, trouble: String?, database: String
    ) -> [(title: String, text: String)] {
        let unrecorded = answers && !isRecorded ? "running, but not in the ledger yet; " : ""
        var facts = [(title: "daemon", text: unrecorded + life(isRunning: isRecorded))]
        if let trouble { facts.append(("trouble", trouble)) }
        let slots = ["pending", "starting", "unknown", "held"]
            .map { "\(value($0) ?? "0") \($0)" }.joined(separator: ", ")
        facts += [
            ("database", database), ("schedules", schedules), ("slots", slots),
            ("open runs", value("open_runs") ?? "0"),
        ]
        if let late = value("will_be_late"), late != "0" {
            facts.append(
                ("deadlines", "\(late) will be missed, as it looks; see: carillon attention"))
        }
        let attention = value("attention") ?? "0"
        facts.append(
            ("attention", attention == "0" ? "nothing" : "\(attention); see: carillon attention"))
        return facts
    }

    private func value(_ column: String) -> String? {
        status.rows.isEmpty ? nil : status.value(column, row: 0).words
    }

    private var schedules: String {
        let text = "\(value("schedules") ?? "0") active"
        if let since = value("all_paused_since_at") {
            let until = value("all_paused_until_at").map { "until \($0)" } ?? "until resumed"
            let why = value("all_paused_reason").flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
            return text + ", all paused by \(value("all_paused_by") ?? "?") since \(since) "
                + "\(until)\(why); see: carillon resume --all"
        }
        guard let paused = value("paused_schedules"), paused != "0" else { return text }
        return text + ", \(paused) of them paused"
    }

    private func life(isRunning: Bool) -> String {
        guard let started = value("started_at") else { return "has never run on this database" }
        var text = ""
        if isRunning {
            text = "running, pid \(value("pid") ?? "?")"
            if let version = value("version") { text += ", version \(version)" }
            text += ", since \(started)"
            if let draining = value("draining_since_at") { text += ", draining since \(draining)" }
        } else {
            text = "not running; its last life began \(started)"
            if let last = value("last_turn_at") { text += ", last turn \(last)" }
            if let ended = value("ended"), !ended.isEmpty { text += ", ended: \(ended)" }
        }
        return text
    }
}
