import Engine
import Store
import Testing
import Timetable

/// What is expected of a run with a deadline, from how long those before it took.
@Suite struct ForecastTests {
    private static let at = Instant(seconds: 1_795_496_400)
    private static func minute(_ count: Int64) -> Instant {
        at.adding(milliseconds: count * 60_000)
    }
    private static func minutes(_ counts: [Int64]) -> [Int64] { counts.map { $0 * 60_000 } }

    /// Five runs, half of them up to 30 minutes.
    private static let usual = minutes([20, 40, 30, 25, 60])

    /// A run that began at the instant 0, or a slot without one.
    private static func row(
        _ disposition: Disposition = .started, finishBy: Int64? = nil, within: Int64? = nil,
        due: Int64 = 0, isOpen: Bool = true, polled: Int64? = nil, since: Int64 = 0
    ) -> ForecastRow {
        let hasRun = disposition == .started
        return ForecastRow(
            slotID: 1, schedule: "s", disposition: disposition, dueAt: minute(due),
            finishByAt: finishBy.map(minute), runKey: hasRun ? 1 : nil,
            runCreatedAt: hasRun ? at : nil, runWithinAt: within.map(minute),
            isRunOpen: hasRun && isOpen, lastPolledAt: polled.map(minute),
            forecastAt: minute(since))
    }

    private static func judge(
        _ row: ForecastRow, _ durations: [Int64]? = nil, at now: Int64
    ) -> Forecast {
        let forecast = Forecast.judge(row, durations: durations ?? usual, now: minute(now))
        if case .late(let end, _) = forecast { return .late(end: end, "") }
        return forecast
    }

    private static let table: [(ForecastRow, Int64, Forecast)] = [
        // Just started: 30 minutes are expected, and 60 once those of up to 40 are over.
        (row(finishBy: 90), 0, .inTime(end: minute(30), again: nil)),
        (row(finishBy: 50), 0, .inTime(end: minute(30), again: minute(40))),
        (row(finishBy: 35), 0, .inTime(end: minute(30), again: minute(25))),
        (row(finishBy: 29), 0, .late(end: minute(30), "")),
        (row(within: 29), 0, .late(end: minute(30), "")),
        (row(finishBy: 90, within: 29), 0, .late(end: minute(30), "")),
        // It runs longer than those of up to 25 minutes: the others took 30, 40 and 60.
        (row(finishBy: 35, polled: 25, since: 25), 25, .late(end: minute(40), "")),
        // It may have ended since somebody looked; but nobody is waited for forever.
        (row(finishBy: 35, polled: 20, since: 25), 25, .readFirst),
        (row(finishBy: 35, polled: 20, since: 20), 25, .late(end: minute(40), "")),
        // Longer than ever: nothing is known but that it goes on.
        (row(finishBy: 90, polled: 61, since: 61), 61, .inTime(end: minute(61), again: nil)),
        // What has come is judged, not forecast; what has ended as well.
        (row(finishBy: 35), 35, .none), (row(finishBy: 35, isOpen: false), 10, .none),
        (row(), 0, .none),
        // Not started: the latest start that is in time.
        (
            row(.pending, finishBy: 45), 0,
            .inTime(end: minute(30), again: minute(15).adding(milliseconds: 1))
        ),
        (
            row(.pending, finishBy: 45), 15,
            .inTime(end: minute(45), again: minute(15).adding(milliseconds: 1))
        ),
        (row(.held, finishBy: 45), 16, .late(end: minute(46), "")),
        (row(.unknown, finishBy: 29), 0, .late(end: minute(30), "")),
        // A slot that is spread starts later.
        (row(.pending, finishBy: 45, due: 20), 0, .late(end: minute(50), "")),
        // How long a run may take counts from its start.
        (row(.pending, within: 5), 0, .none), (row(.skipped, finishBy: 5), 0, .none),
        (row(.failed, finishBy: 45), 0, .none),
    ]

    @Test(arguments: table)
    func expectation(row: ForecastRow, now: Int64, expected: Forecast) {
        #expect(Self.judge(row, at: now) == expected)
    }

    @Test func fewRunsTellNothing() {
        #expect(Self.judge(Self.row(finishBy: 1), Self.minutes([30, 30, 30, 30]), at: 0) == .none)
        #expect(Self.judge(Self.row(finishBy: 1), [], at: 0) == .none)
        #expect(Forecast.usual(Self.minutes([1, 2, 3, 4])) == nil)
        #expect(Forecast.usual(Self.minutes([9, 1, 3, 2]) + [Int64.max]) == 180_000)
    }

    @Test func theWordsSayWhatWhenAndWhy() {
        func words(_ row: ForecastRow, at now: Int64) -> String {
            let forecast = Forecast.judge(row, durations: Self.usual, now: Self.minute(now))
            guard case .late(_, let words) = forecast else { return "\(forecast)" }
            return words
        }
        #expect(
            words(Self.row(finishBy: 29), at: 0)
                == "it usually takes 30 min, and is expected to end at 2026-11-24T05:30:00Z: "
                + "later than its deadline, 2026-11-24T05:29:00Z")
        #expect(
            words(Self.row(finishBy: 55, polled: 41, since: 41), at: 41).hasPrefix(
                "it usually takes 30 min, has run for 41 min, and is expected to end at "))
        #expect(
            words(Self.row(.held, finishBy: 20), at: 0).hasPrefix(
                "it usually takes 30 min, has not started, and is expected"))
    }
}
