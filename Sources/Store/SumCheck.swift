/// Whether the sums are those of the rows.
struct SumCheck {
    let database: Database

    /// What differs, in words; reads all of the history.
    ///
    /// - Parameter limit: How many findings at most.
    /// - Returns: Nothing if all is right.
    /// - Throws: `StoreError`.
    func differences(limit: Int) throws -> [String] {
        var findings: [String] = []
        for statement in [Self.days, Self.uncounted, Self.totals, Self.errors]
        where findings.count < limit {
            findings += try database.rows(statement, .int(limit - findings.count)) { $0.string(0) }
        }
        return findings
    }

    private static let names = Sum.names.map { "coalesce(k.\($0), 0)" }.joined(separator: ", ")
    private static let counted = Sum.names.map { "c.\($0)" }.joined(separator: ", ")

    /// Days of which history may have been removed can't be counted again; two days are enough for any
    /// zone and for slots that ended on the day after.
    private static let isWhole = """
        day > (SELECT date(coalesce(pruned_before_at / 1000 + 172800, -62135596800), 'unixepoch')
            FROM daemon)
        """

    private static let days = """
        WITH counted AS (\(Sum.count))
        SELECT c.schedule || ' on ' || c.day || ': the sums differ from its slots and runs'
        FROM counted AS c LEFT JOIN day_sums AS k ON k.day = c.day AND k.schedule = c.schedule
        WHERE (\(names)) IS NOT (\(counted)) AND c.\(isWhole) LIMIT ?
        """

    private static let uncounted = """
        WITH counted AS (\(Sum.count))
        SELECT k.schedule || ' on ' || k.day || ': there are sums, and no slots that ended'
        FROM day_sums AS k
        WHERE (\(names)) IS NOT (\(Sum.names.map { _ in "0" }.joined(separator: ", ")))
            AND k.\(isWhole)
            AND (k.day, k.schedule) NOT IN (SELECT day, schedule FROM counted)
        LIMIT ?
        """

    /// Totals only grow, days also lose what turns out differently: a total may be more.
    private static let totals = """
        SELECT d.schedule || ': its total is less than the sums of its days' FROM (
            SELECT schedule, \(Sum.names.map { "sum(\($0)) AS \($0)" }.joined(separator: ", "))
            FROM day_sums GROUP BY schedule) AS d LEFT JOIN totals AS t ON t.schedule = d.schedule
        WHERE \(Sum.names.map { "d.\($0) > coalesce(t.\($0), 0)" }.joined(separator: " OR "))
        LIMIT ?
        """

    private static let errors = """
        SELECT 'errors with the status ' || c.http_status || ': fewer are counted than there are' FROM (
            SELECT coalesce(http_status, 'none') AS http_status, count(*) + sum(repeats) AS count
            FROM errors GROUP BY http_status) AS c
        LEFT JOIN error_sums AS k ON k.http_status = c.http_status
        WHERE coalesce(k.count, 0) < c.count LIMIT ?
        """
}
