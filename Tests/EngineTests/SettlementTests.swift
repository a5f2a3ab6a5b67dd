import Engine
import Store
import Testing
import Timetable

/// What a look says of an attempt in doubt, row by row (docs/protocol.md, rule 6).
@Suite struct SettlementTests {
    /// One look at the process of an attempt that began at 0 s and whose exposure ended at 64 s.
    struct Row: Sendable, CustomTestStringConvertible {
        var what: String
        var baseline = "none"
        var shows: String?
        var createdSeconds: Int64? = 10
        var by: String? = "us"
        var knownUser: String? = "us"
        var isClaimed = false
        var wasKnownBefore = false
        var isContested = false
        var hasRival = false
        var skewSeconds: Int64 = 0
        var absentLooks = 0
        var requestedSeconds: Int64 = 70
        var verdict: String
        var testDescription: String { what }
    }

    static let rows = [
        Row(what: "a new run of ours", shows: "r", verdict: "adopt r"),
        Row(what: "another run than before", baseline: "q", shows: "r", verdict: "adopt r"),
        Row(
            what: "a new run, our user not known yet", shows: "r", knownUser: nil,
            verdict: "adopt r"),
        Row(what: "a new run without a user", shows: "r", by: nil, verdict: "adopt r"),
        Row(
            what: "created as the attempt began", shows: "r", createdSeconds: 0, verdict: "adopt r"),
        Row(
            what: "created before, by our clock alone", shows: "r", createdSeconds: -5,
            skewSeconds: -6, verdict: "adopt r"),
        Row(what: "created before the attempt", shows: "r", createdSeconds: -1, verdict: "hold r"),
        Row(
            what: "created before it by the server's clock", shows: "r", createdSeconds: 5,
            skewSeconds: 6, verdict: "hold r"),
        Row(
            what: "created as the exposure ended", shows: "r", createdSeconds: 64,
            verdict: "adopt r"),
        Row(
            what: "created after the exposure", shows: "r", createdSeconds: 67, verdict: "hold r"),
        Row(what: "no creation time", shows: "r", createdSeconds: nil, verdict: "hold r"),
        Row(what: "somebody else's run", shows: "r", by: "them", verdict: "hold r"),
        Row(what: "claimed by another slot", shows: "r", isClaimed: true, verdict: "hold r"),
        Row(
            what: "another slot's from before the attempt, first look", shows: "r",
            isClaimed: true, wasKnownBefore: true, verdict: "absent so far"),
        Row(
            what: "another slot's from before the attempt, third look", shows: "r",
            isClaimed: true, wasKnownBefore: true, absentLooks: 2, requestedSeconds: 184,
            verdict: "absent"),
        Row(
            what: "another held slot's candidate", shows: "r", isContested: true, verdict: "hold r"),
        Row(
            what: "another run that may be the attempt's, too", shows: "r", hasRival: true,
            verdict: "hold r"),
        Row(what: "the baseline is gone", baseline: "q", shows: nil, verdict: "hold"),
        Row(
            what: "baseline not known, a run", baseline: "not known", shows: "r", verdict: "hold r"),
        Row(what: "baseline not known, no run", baseline: "not known", shows: nil, verdict: "hold"),
        Row(what: "no run, first look", shows: nil, verdict: "absent so far"),
        Row(
            what: "no run, second look, late enough", shows: nil, absentLooks: 1,
            requestedSeconds: 184, verdict: "absent so far"),
        Row(
            what: "no run, third look, too early", shows: nil, absentLooks: 2,
            requestedSeconds: 183, verdict: "absent so far"),
        Row(
            what: "no run, third look, late enough", shows: nil, absentLooks: 2,
            requestedSeconds: 184, verdict: "absent"),
        Row(
            what: "exactly the older run, third look", baseline: "q", shows: "q", absentLooks: 2,
            requestedSeconds: 184, verdict: "absent"),
        Row(
            what: "a single look after days proves nothing", shows: nil,
            requestedSeconds: 400_000, verdict: "absent so far"),
    ]

    @Test(arguments: rows)
    func aLookDecides(row: Row) {
        let began = Instant(seconds: 1_800_000_000)
        func after(_ seconds: Int64) -> Instant { began.adding(milliseconds: seconds * 1000) }
        var attempt = AttemptRow(
            attemptID: 1, slotID: 1, number: 1, baseURL: "u", processID: "p",
            baseline: Baseline(stored: row.baseline), beganAt: began)
        attempt.absentLooks = row.absentLooks
        var look = Look(
            baseURL: "u", processID: "p", processName: "P",
            requestedAt: after(row.requestedSeconds),
            lookedAt: after(row.requestedSeconds), serverAt: nil)
        look.runID = row.shows
        look.runCreatedAt = row.createdSeconds.map(after)
        look.runUserID = row.by
        let verdict = Settlement.judge(
            look, attempt: attempt, exposureEnd: after(64),
            in: Settlement.Circumstances(
                clock: ClockOffset(
                    lowMilliseconds: row.skewSeconds * 1000,
                    highMilliseconds: row.skewSeconds * 1000), ourUserID: row.knownUser,
                isClaimed: row.isClaimed, wasKnownBefore: row.wasKnownBefore,
                isContested: row.isContested, hasRival: row.hasRival,
                settleWithinMilliseconds: 120_000))
        let words =
            switch verdict {
            case .adopt(let run): "adopt \(run)"
            case .hold(let run?, _): "hold \(run)"
            case .hold(nil, _): "hold"
            case .absentSoFar: "absent so far"
            case .provenAbsent: "absent"
            }
        #expect(words == row.verdict)
    }
}
