import Store
package import Timetable

/// The page of one connection.
package struct DashboardConnection: Sendable {
    package var takenAt: Instant
    package var line: ConnectionLine
    /// Facts in the order to show them.
    package var facts: [(label: String, value: String)] = []
    /// Answers by HTTP status, `none` for requests without one.
    package var answers: [(status: String, count: Int64)] = []
    package var schedules: [String] = []
    package var attention: [AttentionLine] = []
    /// The last errors, newest first.
    package var errors: [DashboardSlot.Event] = []

    /// Makes a page without answers.
    package init(takenAt: Instant, line: ConnectionLine) {
        self.takenAt = takenAt
        self.line = line
    }
}

extension PageRead {
    /// Reads a connection's page; nil if there is none of this name.
    ///
    /// - Parameters:
    ///   - name: of the connection.
    ///   - tokens: starts that its budget lets go at once; nil: not known.
    /// - Returns: The page.
    /// - Throws: `StoreError` if the ledger can't be read.
    func connection(_ name: String, tokens: Double?) throws -> DashboardConnection? {
        let rows = Rows(try reader.connections())
        guard let row = rows.first(where: { $0.text("connection") == name }) else { return nil }
        var page = DashboardConnection(takenAt: now, line: row.connectionLine(now: now))
        page.facts = [
            ("Address", row.text("base_url")), ("API version", row.text("api_version")),
            ("Our user", row.text("user_id")), ("Requests sent", row.text("requests_sent")),
            ("Starts at once", tokens.map { "\(Int64($0))" } ?? ""),
            ("Rate limit", page.line.limit), ("Breaker", row.text("breaker")),
            (
                "Clock ahead of ours",
                row.text("clock_skew_seconds").isEmpty
                    ? "" : row.text("clock_skew_seconds") + " s"
            ),
        ].filter { !$0.1.isEmpty }
        page.answers = try reader.answers(of: name)
        page.schedules = Rows(try reader.schedules(LedgerFilter()))
            .filter { $0.text("connection") == name }.map { $0.text("schedule") }
        page.attention = Rows(try reader.attention(limit: 500)).map { $0.attentionLine() }
            .filter { $0.subject == name || $0.subject == "connection \(name)" }
        var filter = LedgerFilter()
        (filter.connection, filter.limit) = (name, Self.rowsMax)
        page.errors = Rows(try reader.errors(filter)).map { $0.errorEvent }
        return page
    }
}

/// What the template of a connection's page names.
struct ConnectionView {
    struct Answer {
        let status: String
        let count: String
        let tone: String
    }

    struct Schedule {
        let href: String
        let name: String
    }

    let title: String
    let refreshSeconds = Pages.refreshSeconds
    let takenAt: String
    let navigation = Navigation(at: "")
    let heading: String
    let trouble: String
    let hasTrouble: Bool
    let facts: [FactView]
    let answers: [Answer]
    let schedules: [Schedule]
    let attention: [AttentionView]
    let hasAttention: Bool
    let errors: [DashboardSlot.Event]

    init(_ connection: DashboardConnection) {
        heading = connection.line.name
        title = heading + " – Carillon"
        takenAt = Words.shortTime(connection.takenAt.iso8601) + " UTC"
        trouble = connection.line.trouble
        hasTrouble = !trouble.isEmpty
        facts = connection.facts.map { FactView(label: $0.label, value: $0.value) }
        answers = connection.answers.map {
            Answer(
                status: $0.status == "none" ? "no answer" : $0.status, count: "\($0.count)",
                tone: $0.status.hasPrefix("2") ? "good" : "bad")
        }
        schedules = connection.schedules.map {
            Schedule(href: "/schedules/" + percentEncoded($0), name: $0)
        }
        attention = connection.attention.map { AttentionView($0, now: connection.takenAt) }
        hasAttention = !attention.isEmpty
        errors = connection.errors
    }
}
