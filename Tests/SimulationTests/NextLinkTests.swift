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
        let theatre = try Theatre()
        theatre.world.sandbox.log.keepsEntries = true
        theatre.world.sandbox.inject(FaultRule(.listing(listing), operation: "listProcesses"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 46)
        #expect(try theatre.told() == "15 started, 30 started, 45 started")
        for slot in try theatre.slots() {
            #expect(!slot.reason.contains("no look was possible"))
        }
        #expect(try theatre.alarms(.unreachable) == [])
        #expect(try theatre.ask("SELECT count(*) FROM error_log") == ["0"])
        // A few pages for each list, and not one after the other for ever.
        #expect(theatre.requests("listProcesses") < 100)
        try theatre.check()
    }

    @Test func aListThatStopsHalfWayIsSaidOnceAndOverWhenItIsWhole() throws {
        let theatre = try Theatre(runMinutes: 20...20)
        theatre.world.sandbox.inject(
            FaultRule(.listing(.foreignNextPath), operation: "listProcesses"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        #expect(try theatre.alarms(.incompleteList) == ["prod"])
        theatre.world.sandbox.removeFaults()
        try theatre.run(untilMinute: 31)
        #expect(try theatre.alarms(.incompleteList) == [])
    }

    @Test func aLostAnswerIsSettledOnAPageThatGoesOnElsewhere() throws {
        let theatre = try Theatre(runMinutes: 20...20)
        theatre.world.sandbox.inject(
            FaultRule(.listing(.foreignNextPath), operation: "listProcesses"))
        theatre.world.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        #expect(try theatre.told() == "15 started")
        #expect(theatre.world.sandbox.runs.count == 1)
        try theatre.check()
    }
}
