import Cluster
import Testing
import Timetable

private let timing = LeaseTiming(leaseMilliseconds: 6_000)
private let us = Holder(incarnation: "a.1", install: "a", node: "a")
private let them = Holder(incarnation: "b.1", install: "b", node: "b")

private func at(_ milliseconds: Int64) -> BootTime { BootTime(milliseconds: milliseconds) }

private func lease(
    term: Int64 = 3, beat: Int64 = 9, seq: Int64 = 5, holder: Holder? = them
) -> Lease {
    var lease = Lease(epoch: "e")
    (lease.term, lease.beat, lease.seq, lease.holder) = (term, beat, seq, holder)
    return lease
}

/// A machine that took term 4 with a request sent at 1,000.
private func leader() throws -> (machine: LeaseMachine, tenure: Tenure) {
    var machine = LeaseMachine(holder: us, timing: timing)
    _ = machine.see(lease(holder: nil), epoch: "e", seq: 5, at: at(900))
    let taken = machine.receive(
        taking: .taken(lease(term: 4, holder: us)), sentAt: at(1_000))
    return (machine, try #require(taken))
}

/// Who leads, and until when: the rules of docs/cluster.md on a clock that is handed in.
@Suite("The lease") struct LeaseMachineTests {
    /// R5: by a sign of life that stays away, counted from the answer that first showed the last one.
    @Test func aLeaseIsTakenWhenItsHolderIsSilent() {
        var machine = LeaseMachine(holder: us, timing: timing)
        #expect(machine.see(lease(), epoch: "e", seq: 5, at: at(0)) == .wait)
        #expect(machine.see(lease(), epoch: "e", seq: 5, at: at(6_599)) == .wait)
        #expect(
            machine.see(lease(), epoch: "e", seq: 5, at: at(6_600))
                == .take(.take(epoch: "e", term: 3, beat: 9, us)))
        // A beat begins the wait anew.
        #expect(machine.see(lease(beat: 10), epoch: "e", seq: 5, at: at(6_700)) == .wait)
        #expect(machine.see(lease(beat: 10), epoch: "e", seq: 5, at: at(13_299)) == .wait)
        #expect(machine.see(lease(beat: 10), epoch: "e", seq: 5, at: at(13_300)) != .wait)
        // So does a term.
        #expect(
            machine.see(lease(term: 4, beat: 10), epoch: "e", seq: 5, at: at(13_301)) == .wait)
    }

    @Test(arguments: [nil, Holder(incarnation: "a.0", install: "a", node: "other name")])
    func aLeaseOfNobodyOrOfOurOwnFileIsTakenAtOnce(holder: Holder?) {
        var machine = LeaseMachine(holder: us, timing: timing)
        #expect(
            machine.see(lease(holder: holder), epoch: "e", seq: 5, at: at(0))
                == .take(.take(epoch: "e", term: 3, beat: 9, us)))
    }

    /// The same node name on another file is somebody else.
    @Test func aNameIsNoIdentity() {
        var machine = LeaseMachine(holder: us, timing: timing)
        let namesake = Holder(incarnation: "a.1", install: "b", node: "a")
        #expect(machine.see(lease(holder: namesake), epoch: "e", seq: 5, at: at(0)) == .wait)
    }

    @Test func aLeaseThatAnotherGotOrOfWhichNobodyKnowsIsNotLed() {
        for answer in [LogAnswer.refused, .unknown, .taken(lease(term: 4, holder: them))] {
            var machine = LeaseMachine(holder: us, timing: timing)
            _ = machine.see(lease(holder: nil), epoch: "e", seq: 5, at: at(0))
            #expect(machine.receive(taking: answer, sentAt: at(1)) == nil)
            #expect(machine.tenure == nil && !machine.mayTurn(at: at(2)))
        }
    }

    /// R4: nine tenths of the lease from the sending, on the own clock.
    @Test func aHoldCountsFromTheSending() throws {
        var (machine, tenure) = try leader()
        #expect(machine.mayTurn(at: at(6_399)) && machine.isOpen(term: 4, at: at(6_399)))
        #expect(!machine.mayTurn(at: at(6_400)) && !machine.isOpen(term: 4, at: at(6_400)))
        #expect(!machine.isOpen(term: 3, at: at(2_000)))
        machine.receive(.renewed, under: tenure, sentAt: at(3_000))
        #expect(machine.mayTurn(at: at(8_399)) && !machine.mayTurn(at: at(8_400)))
        // An answer to something sent earlier takes nothing back.
        machine.receive(.appended, under: tenure, sentAt: at(2_000))
        #expect(machine.mayTurn(at: at(8_399)))
    }

    /// R9: the log out of reach; then it answers, and the term is the same, or another's.
    @Test func aSuspendedLeaderGoesOnOrIsFenced() throws {
        var (machine, tenure) = try leader()
        machine.tick(at: at(6_400))
        #expect(machine.state == .suspended(tenure))
        machine.receive(.unknown, under: tenure, sentAt: at(6_500))
        #expect(machine.state == .suspended(tenure))
        machine.receive(.renewed, under: tenure, sentAt: at(20_000))
        #expect(machine.mayTurn(at: at(20_100)))
        machine.receive(.refused, under: tenure, sentAt: at(20_200))
        #expect(machine.state == .fenced && !machine.isOpen(term: 4, at: at(20_201)))
        // What an earlier renewal says comes too late.
        machine.receive(.renewed, under: tenure, sentAt: at(20_150))
        #expect(machine.state == .fenced)
        machine.follow()
        #expect(machine.state == .follower(nil))
    }

    /// R4: every quarter of the lease, and only while turns end.
    @Test func aStalledSchedulerLosesItsLease() throws {
        var (machine, tenure) = try leader()
        #expect(machine.renewal(at: at(2_499), aliveAt: at(2_400)) == nil)
        #expect(machine.renewal(at: at(2_500), aliveAt: at(2_400)) == .renew(tenure))
        #expect(machine.renewal(at: at(2_600), aliveAt: at(2_500)) == nil)
        #expect(machine.renewal(at: at(15_000), aliveAt: at(2_999)) == nil)
        #expect(machine.renewal(at: at(15_000), aliveAt: at(3_000)) == .renew(tenure))
    }

    /// The clock may stand still with its host: the hold looks good then, and the log says no.
    @Test func aHoldThatOnlyLooksGoodIsEndedByTheLog() throws {
        var (machine, tenure) = try leader()
        #expect(machine.mayTurn(at: at(1_100)))
        machine.receive(.refused, under: tenure, sentAt: at(1_100))
        #expect(!machine.mayTurn(at: at(1_101)))
    }

    @Test(
        "A ledger that is not the log's never leads",
        arguments: [
            ("f", Int64(5), LeaseMachine.Apart.otherEpoch("e")),
            ("e", 6, .ahead(local: 6, log: 5)),
        ])
    func apart(epoch: String, seq: Int64, why: LeaseMachine.Apart) {
        var machine = LeaseMachine(holder: us, timing: timing)
        #expect(machine.see(lease(holder: nil), epoch: epoch, seq: seq, at: at(0)) == .wait)
        #expect(machine.state == .apart(why))
        #expect(machine.see(lease(holder: nil), epoch: "e", seq: 5, at: at(9_000)) == .wait)
        #expect(machine.state == .apart(why))
    }

    /// The taker waits longer than the holder holds, whatever a percent of drift does to either clock.
    @Test(arguments: [3_000, 6_000, 60_000] as [Int64])
    func twoClocksNeverLeaveTwoLeaders(lease: Int64) {
        let timing = LeaseTiming(leaseMilliseconds: lease)
        #expect(timing.holdMilliseconds * 101 / 99 < timing.takeMilliseconds)
        #expect(timing.turnMilliseconds < timing.holdMilliseconds)
    }
}
