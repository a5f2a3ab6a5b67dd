import Cluster
import Testing
import Timetable

private let us = Holder(incarnation: "a.1", install: "a", node: "a")
private let tenure = Tenure(epoch: "e", term: 3, holder: us)

private func entry(
    _ seq: Int64 = 6, _ body: [UInt8] = [1, 2], term: Int64 = 3, after previous: Chain = .empty
) -> LogEntry {
    LogEntry(
        seq: seq, term: term, schema: 30, previous: previous,
        nodeAt: Instant(milliseconds: 1_000), body: body)
}

private func lease(epoch: String = "e") -> Lease {
    var lease = Lease(epoch: epoch)
    (lease.term, lease.seq) = (3, 6)
    return lease
}

/// What becomes of an append, and whether entries follow a ledger.
@Suite("The log") struct LogTests {
    private static let moment = Instant(milliseconds: 1_000)

    /// R3, as a table: answers in their order, and where they lead.
    @Test(
        "An append",
        arguments: [
            ([.appended], .kept),
            ([.refused], .lost),
            ([.unknown], .ask(.append(entry(), tenure))),
            ([.unknown, .unknown, .appended], .kept),
            // The first one was carried out, and the second finds itself.
            ([.unknown, .refused], .ask(.read(after: 5, limit: 1))),
            (
                [.unknown, .refused, .read(lease(), [entry()], at: moment)],
                .ask(.renew(tenure))
            ),
            (
                [.unknown, .refused, .read(lease(), [entry()], at: moment), .renewed], .kept
            ),
            // A read alone proves nothing: the tenure may be over.
            (
                [.unknown, .refused, .read(lease(), [entry()], at: moment), .refused], .lost
            ),
            (
                [.unknown, .refused, .read(lease(), [entry()], at: moment), .unknown],
                .ask(.renew(tenure))
            ),
            ([.unknown, .refused, .unknown], .ask(.read(after: 5, limit: 1))),
            // Another's entry stands there, one of another term, or none.
            ([.unknown, .refused, .read(lease(), [entry(6, [9])], at: moment)], .lost),
            (
                [.unknown, .refused, .read(lease(), [entry(6, [1, 2], term: 4)], at: moment)],
                .lost
            ),
            ([.unknown, .refused, .read(lease(), [], at: moment)], .lost),
            (
                [.unknown, .refused, .read(lease(epoch: "f"), [entry()], at: moment)], .lost
            ),
        ] as [([LogAnswer], PendingAppend.Step)])
    func append(answers: [LogAnswer], step: PendingAppend.Step) {
        var append = PendingAppend(entry(), under: tenure)
        #expect(append.request == .append(entry(), tenure))
        var last = PendingAppend.Step.ask(append.request)
        for answer in answers { last = append.receive(answer) }
        #expect(last == step)
    }

    @Test func aChainTellsTheLogsApart() {
        let one = Chain.empty.followed(by: [1])
        #expect(one == Chain.empty.followed(by: [1]) && one.digits.count == 64)
        #expect(one != Chain.empty.followed(by: [2]) && one != Chain.empty.followed(by: []))
        #expect(one.followed(by: [2]) != Chain.empty.followed(by: [2]).followed(by: [1]))
    }

    @Test func entriesFollowByNumberAndChain() {
        let first = entry(6, [1])
        let second = entry(7, [2], after: first.chain)
        #expect(Following.judge([], after: 5, chain: .empty) == .fits(.empty))
        #expect(
            Following.judge([first, second], after: 5, chain: .empty) == .fits(second.chain))
        #expect(Following.judge([second], after: 5, chain: .empty) == .broken(seq: 6))
        #expect(Following.judge([first], after: 4, chain: .empty) == .broken(seq: 5))
        #expect(
            Following.judge([second], after: 6, chain: Chain.empty) == .broken(seq: 7))
        var forged = second
        forged.body = [3]
        #expect(
            Following.judge([first, forged], after: 5, chain: .empty) == .broken(seq: 7))
    }

    /// Each clock against the keeper's; what was late on its way makes waits longer, never shorter.
    @Test(
        arguments: [
            (0, 0, 0, 0), (5_000, -5_000, 0, -10_000), (-5_000, 5_000, 0, 10_000), (0, 0, 900, 900),
        ]
            as [(Int64, Int64, Int64, Int64)])
    func clocksAreComparedThroughTheKeeper(
        theirs: Int64, ours: Int64, late: Int64, difference: Int64
    ) {
        var last = entry()
        last.at = Instant(milliseconds: 100_000)
        last.nodeAt = last.at.adding(milliseconds: theirs - late)
        let keeper = Instant(milliseconds: 200_000)
        #expect(
            ClockDifference.milliseconds(
                since: last, wall: keeper.adding(milliseconds: ours), keeper: keeper)
                == difference)
        #expect(ClockDifference.milliseconds(since: nil, wall: keeper, keeper: keeper) == 0)
    }
}
