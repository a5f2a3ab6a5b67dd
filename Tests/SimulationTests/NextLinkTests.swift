import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Lists whose `@nextLink` leads elsewhere, or in a circle.
@Suite struct NextLinkTests {
    @Test(arguments: [Fault.Listing.foreignNextLink, .foreignNextPath, .loops])
    func slotsStartOnWhatTheListShows(listing: Fault.Listing) throws {
        let fixture = try Fixture { $0.pageItemsMax = 1 }
        fixture.simulator.sandbox.log.keepsEntries = true
        fixture.simulator.sandbox.inject(FaultRule(.listing(listing), operation: "listProcesses"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 46)
        #expect(try fixture.told() == "15 started, 30 started, 45 started")
        for slot in try fixture.slots() {
            #expect(!slot.reason.contains("no check was possible"))
        }
        #expect(try fixture.alarms(.unreachable) == [])
        #expect(try fixture.ask("SELECT count(*) FROM error_log") == ["0"])
        // A few pages for each list, and not one after the other for ever.
        #expect(fixture.requests("listProcesses") < 100)
        try fixture.check()
    }

    @Test func aListThatStopsHalfWayIsSaidOnceAndOverWhenItIsWhole() throws {
        let fixture = try Fixture(runMinutes: 20...20)
        fixture.simulator.sandbox.inject(
            FaultRule(.listing(.foreignNextPath), operation: "listProcesses"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        #expect(try fixture.alarms(.incompleteList) == ["prod"])
        fixture.simulator.sandbox.removeFaults()
        try fixture.run(untilMinute: 31)
        #expect(try fixture.alarms(.incompleteList) == [])
    }

    @Test func aLostAnswerIsSettledOnAPageThatGoesOnElsewhere() throws {
        let fixture = try Fixture(runMinutes: 20...20)
        fixture.simulator.sandbox.inject(
            FaultRule(.listing(.foreignNextPath), operation: "listProcesses"))
        fixture.simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        #expect(try fixture.told() == "15 started")
        #expect(fixture.simulator.sandbox.runs.count == 1)
        try fixture.check()
    }
}
