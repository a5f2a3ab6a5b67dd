import Console
import Store
import Timetable

/// What a demo says at its end: whether the ledger tells the truth, who was told, where to look on.
struct DemoReport {
    let comparison: DemoComparison
    /// Rows of the views `history` and `deliveries`.
    private let history: LedgerTable
    private let deliveries: LedgerTable
    private let received: [String]
    private let play: DemoPlay

    private static let rowsMax = 100_000
    private static let deliveriesMax = 1000

    /// Reads what a play has left.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    init(_ play: DemoPlay, now: Instant) throws {
        let reader = try LedgerReader(path: play.database)
        var filter = LedgerFilter()
        filter.limit = Self.rowsMax
        self.play = play
        comparison = DemoComparison(
            try reader.runs(filter), book: play.sandbox.withState { $0.runs }, now: now)
        history = try reader.history(filter)
        filter.limit = Self.deliveriesMax
        deliveries = try reader.deliveries(filter)
        received = DemoReceiver.titles(play.messages, host: play.environment.host)
    }

    var lines: [String] {
        let isEqual = comparison.differences.isEmpty
        let open = comparison.openRuns
        return [
            "\(Words.count(history.rows.count, "slot")) in history, "
                + "\(Words.count(comparison.runsInBook, "run")) on the sandbox, "
                + "\(comparison.runsInLedger) in the ledger, "
                + (isEqual ? "counts are equal" : "they differ")
                + (open > 0 ? ", \(Words.count(open, "run")) still open" : "")
        ] + comparison.differences.map { "  \($0)" } + toldLines
            + ["\nSee what happened:"]
            + LedgerReader.queriesToTry.map { "  sqlite3 -box \(play.database) \"\($0)\"" }
            + ["  carillon why gl-refresh TIME --database \(play.database)"]
    }

    private var toldLines: [String] {
        let undelivered = deliveries.rows.indices
            .map {
                (DemoTable.text(deliveries, "state", $0), DemoTable.text(deliveries, "kinds", $0))
            }
            .filter { $0.0 != "delivered" }
        return [
            "\(Words.count(deliveries.rows.count, "message")) to people; the receiver, "
                + "\(play.messages), has:"
        ] + received.map { "  \($0)" } + undelivered.map { "  \($0.0): \($0.1)" }
    }
}
