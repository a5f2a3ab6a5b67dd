package import Store
package import Timetable

/// When a slot's run is expected to end: decided from how long those before it took, and from what is
/// known of slot and run.
package enum Forecast: Sendable, Equatable {
    /// Nothing can be said, or nothing is to be said any more.
    case none
    /// Nobody has looked since it may have ended.
    case readFirst
    /// In time, as it looks; another look, at that instant, may show that it isn't.
    case inTime(end: Instant, again: Instant?)
    /// In words.
    case late(end: Instant, String)

    /// Fewer runs tell nothing of the next one.
    package static let runsMin = 5
    /// Older runs were of another time.
    package static let runsMax = 20
    /// A read of a run that ended in time may still be under way for so long.
    private static let patienceMilliseconds: Int64 = 120_000

    /// - Parameters:
    ///   - row: the slot.
    ///   - durations: of the last runs that succeeded, in milliseconds, in any order.
    ///   - now: the turn's instant.
    /// - Returns: What is expected.
    package static func judge(_ row: ForecastRow, durations: [Int64], now: Instant) -> Forecast {
        let deadlines = [row.finishByAt, row.runKey == nil ? nil : row.runWithinAt]
        guard let usual = usual(durations), let deadline = deadlines.compactMap({ $0 }).min(),
            // What has come is judged, not forecast.
            deadline > now
        else { return .none }
        switch row.disposition {
        case .skipped, .coalesced, .cancelled, .failed, .expired, .missed: return .none
        case .pending, .starting, .unknown, .held:
            let end = max(now, row.dueAt).adding(milliseconds: usual)
            if end > deadline { return .late(end: end, words(usual, nil, end, deadline)) }
            return .inTime(
                end: end, again: deadline.adding(milliseconds: 1 - usual))
        case .started: break
        }
        guard row.isRunOpen, let created = row.runCreatedAt else { return .none }
        return judge(
            row, sorted: durations.sorted(), elapsed: max(0, now.since(created)),
            limit: deadline.since(created), now: now)
    }

    /// What half of the runs didn't exceed; nil: there are too few.
    package static func usual(_ durations: [Int64]) -> Int64? {
        durations.count < runsMin ? nil : durations.sorted().middle
    }

    /// The longer a run takes already, the fewer of those before it say how long it will take: the middle
    /// one of those that took longer.
    private static func judge(
        _ row: ForecastRow, sorted: [Int64], elapsed: Int64, limit: Int64, now: Instant
    ) -> Forecast {
        let created = now.adding(milliseconds: -elapsed)
        let expected = expected(sorted, longerThan: elapsed)
        let end = created.adding(milliseconds: expected)
        if expected > limit {
            let isReadSince = row.lastPolledAt.map { $0 >= row.forecastAt } ?? false
            let isPatient = now.since(row.forecastAt) <= patienceMilliseconds
            if elapsed > patienceMilliseconds, !isReadSince, isPatient { return .readFirst }
            return .late(
                end: end,
                words(
                    sorted.middle ?? elapsed, elapsed, end, created.adding(milliseconds: limit)))
        }
        let again = sorted.first {
            $0 > elapsed && $0 < limit && Self.expected(sorted, longerThan: $0) > limit
        }
        return .inTime(end: end, again: again.map { created.adding(milliseconds: $0) })
    }

    private static func expected(_ sorted: [Int64], longerThan elapsed: Int64) -> Int64 {
        let rest = sorted.drop { $0 <= elapsed }
        return rest.middle ?? elapsed
    }

    private static func words(
        _ usual: Int64, _ elapsed: Int64?, _ end: Instant, _ deadline: Instant
    ) -> String {
        func shown(_ instant: Instant) -> String { Instant(seconds: instant.seconds).iso8601 }
        let sofar =
            elapsed.map { $0 > usual ? ", has run for " + SpanText.text(seconds: $0 / 1000) : "" }
            ?? ", has not started"
        return
            "it usually takes \(SpanText.text(seconds: usual / 1000))\(sofar), and is expected to "
            + "end at \(shown(end)): later than its deadline, \(shown(deadline))"
    }
}

extension Notices {
    private static let forecastsMax = 256
    private static let readAgainMilliseconds: Int64 = 5_000

    /// Says what is expected of the slots with deadlines that have begun, or may be late from now on.
    func forecast() throws {
        let due = try ledger.forecastsDue(now: now, limit: Self.forecastsMax)
        var judged = 0
        var known: [String: [Int64]] = [:]
        for row in due {
            let durations =
                try known[row.schedule]
                ?? ledger.durations(of: row.schedule, limit: Forecast.runsMax)
            known[row.schedule] = durations
            judged += 1
            switch Forecast.judge(row, durations: durations, now: now) {
            case .none: try ledger.setForecast(row.slotID, again: nil, end: nil, words: nil)
            case .readFirst:
                judged -= 1
                if let runKey = row.runKey { try ledger.hurryPoll(runKey, now: now) }
                book.wake(at: now.adding(milliseconds: Self.readAgainMilliseconds))
            case .inTime(let end, let again):
                try ledger.setForecast(row.slotID, again: again, end: end, words: nil)
            case .late(let end, let words):
                try ledger.setForecast(row.slotID, again: nil, end: end, words: words)
            }
        }
        // Those that wait for a read stay due: for their sake alone the next turn does no more.
        if due.count == Self.forecastsMax, judged > 0 { book.wakeSoon() }
        if let next = try ledger.nextForecast(after: now) { book.wake(at: next) }
    }
}
