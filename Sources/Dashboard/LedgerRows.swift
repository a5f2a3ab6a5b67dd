import FoundationEssentials
import ProcessesAPI
import Store
import Timetable

/// A table of the ledger as rows that are asked by the names of columns.
struct Rows: RandomAccessCollection {
    struct Row {
        fileprivate let table: LedgerTable
        fileprivate let index: Int

        /// A text; empty for NULL and for a column that is not there.
        func text(_ column: String) -> String {
            switch table.value(column, row: index) {
            case .null: ""
            case .string(let text): text
            case .integer(let integer): String(integer)
            case .double(let double): String(double)
            }
        }

        /// An integer, or nil for anything else.
        func integer(_ column: String) -> Int64? {
            guard case .integer(let integer) = table.value(column, row: index) else { return nil }
            return integer
        }

        /// An instant from the view's ISO 8601 text.
        func instant(_ column: String) -> Instant? { Instant(iso8601: text(column)) }

        /// Counts from the view's JSON object.
        func counts(_ column: String) -> [String: Int64] {
            let json = Data(text(column).utf8)
            return (try? JSONDecoder().decode([String: Int64].self, from: json)) ?? [:]
        }
    }

    private let table: LedgerTable

    init(_ table: LedgerTable) { self.table = table }

    var startIndex: Int { 0 }
    var endIndex: Int { table.rows.count }
    subscript(index: Int) -> Row { Row(table: table, index: index) }
}

extension Rows.Row {
    func attentionLine() -> AttentionLine {
        var line = AttentionLine(
            sinceAt: instant("since_at"), kind: text("kind"), subject: text("subject"),
            whatToDo: text("what_to_do"))
        (line.sentence, line.command) = (text("sentence"), text("command"))
        return line
    }

    /// A row of `runs`, or one that carries a run's columns.
    func runLine(status: String = "status") -> RunLine {
        let actions = counts("counts")
        return RunLine(
            runID: text("run_id"), status: text(status), outcome: text("outcome"),
            counts: actions.isEmpty ? counts("job_counts") : actions,
            createdAt: instant("created_at") ?? instant("started_at"))
    }

    func historyLine() -> HistoryLine {
        var line = HistoryLine(
            slotID: integer("slot_id") ?? 0, schedule: text("schedule"),
            slotAt: instant("slot_at"), slotLocal: text("slot_local"),
            disposition: text("disposition"))
        line.reason = text("reason")
        line.attempts = integer("attempts") ?? 0
        line.seconds = integer("seconds")
        line.lastError = text("last_error")
        line.deadlines = [("start_by", "start"), ("finish_by", "end")].compactMap { name, verb in
            guard !text("\(name)_at").isEmpty, text(name) != "void" else { return nil }
            let at = onItsClock("\(name)_at", as: text("slot_local"))
            return "\(verb) by \(at)" + (text(name).isEmpty ? "" : ": " + text(name))
        }
        if !text("run_id").isEmpty { line.run = runLine(status: "run_status") }
        return line
    }

    /// An instant by the clock that a local time was read from, with its offset.
    ///
    /// - Parameters:
    ///   - column: of the instant.
    ///   - local: ISO 8601 with an offset.
    /// - Returns: `2026-11-24 18:00 -05:00`; in UTC where the local time has no offset.
    private func onItsClock(_ column: String, as local: String) -> String {
        let offset = local.suffix(6)
        let parts = offset.dropFirst().split(separator: ":").compactMap { Int($0) }
        guard let at = instant(column), parts.count == 2, let sign = offset.first,
            sign == "+" || sign == "-"
        else { return Words.shortTime(text(column)) + " UTC" }
        let seconds = (parts[0] * 60 + parts[1]) * 60
        let words = Words.shortTime(at.iso8601(offsetSeconds: sign == "-" ? -seconds : seconds))
        return words + (seconds == 0 ? " UTC" : " \(offset)")
    }

    func scheduleLine(upcoming: Rows.Row?) -> ScheduleLine {
        var line = ScheduleLine(
            name: text("schedule"), rule: text("rule"), timezone: text("timezone"))
        line.description = text("description")
        let state = ScheduleState(rawValue: text("state"))
        line.stateTone =
            state == .setAside
            ? .warn : state == .disabled || !text("paused").isEmpty ? .off : .calm
        line.state = [
            state == .active ? "" : text("state"),
            text("aside_reason"), text("paused"),
            ScheduleMode(rawValue: text("mode")) == .observe ? text("mode") : "",
        ].filter { !$0.isEmpty }.joined(separator: ": ")
        line.nextSlotAt = instant("next_slot_at")
        line.nextSlotLocal = upcoming?.text("slot_local") ?? text("next_slot_at")
        line.note = upcoming?.text("note") ?? ""
        let last = Disposition(rawValue: text("last_disposition"))
        if !text("run_id").isEmpty, RunStatus(text("run_status")).isOpen,
            RunOutcome(rawValue: text("outcome")) != .lost
        {
            line.active = runLine(status: "run_status")
            if last == .started {
                line.active?.expectedEndAt = instant("expected_end_at")
                line.active?.isExpectedLate = !text("forecast").isEmpty
            }
        }
        if !text("last_disposition").isEmpty {
            var slot = HistoryLine(
                slotID: 0, schedule: text("schedule"), slotAt: instant("last_slot_at"),
                slotLocal: text("last_slot_at"), disposition: text("last_disposition"))
            slot.reason = text("last_reason")
            // The latest run is the last slot's only if that slot has started one.
            if last == .started, !text("run_id").isEmpty {
                slot.run = runLine(status: "run_status")
            }
            line.last = slot
        }
        return line
    }

    /// A run's facts in the order to show them.
    var facts: [(label: String, value: String)] {
        [
            ("Schedule", "schedule"), ("Slot (UTC)", "slot_at"), ("Origin", "origin"),
            ("Connection", "connection"), ("Process", "process_id"), ("Why", "outcome_reason"),
        ].map { ($0.0, text($0.1)) }.filter { !$0.1.isEmpty }
    }
}
