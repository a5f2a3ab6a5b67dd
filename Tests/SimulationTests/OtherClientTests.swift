import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// One name, one address, another client: whose runs are ours is not known any more.
@Suite struct OtherClientTests {
    /// Two grants of one API; the second one acts for another user.
    private static func scenario(_ scenario: inout Scenario) {
        var client = SandboxClient()
        client.id = "second-client"
        client.secret = "second-secret"
        client.user = "second-user"
        scenario.clients.append(client)
    }

    private static func configuration(
        _ client: String, hash: String
    ) -> EngineConfiguration {
        var configuration = Fixture.configuration(
            [Fixture.schedule { $0.overlap = .allow }], hash: hash)
        configuration.connections["prod"]?.client = client
        return configuration
    }

    /// From here on the daemon is configured with the second client, which exists.
    private static func change(_ fixture: Fixture) {
        fixture.simulator.plan.clients["prod"] = 1
        fixture.simulator.reload(configuration("second-client", hash: "2"))
    }

    private static func begun() throws -> Fixture {
        let fixture = try Fixture(edit: scenario)
        fixture.simulator.configuration = configuration("sandbox-client", hash: "1")
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        #expect(try fixture.ask("SELECT user_id IS NOT NULL FROM connections") == ["1"])
        return fixture
    }

    /// The ledger of 05:20 knows the first user; what started at 05:30 is of the second one.
    @Test func anOlderLedgerPutBackTakesTheRunsOfTheNewClientForOurs() throws {
        let fixture = try Self.begun()
        let simulator = fixture.simulator
        let copy = simulator.path + "-copy"
        try simulator.inspect { try $0.copy(to: copy) }
        Self.change(fixture)
        try fixture.run(untilMinute: 32)
        #expect(try fixture.told() == "15 started, 30 started")
        simulator.kill()
        simulator.path = copy
        try simulator.boot()
        try fixture.run(untilMinute: 40)
        #expect(try fixture.told() == "15 started, 30 held")
        #expect(simulator.starts.count == 2)
    }

    /// Before the first 201 nothing tells a person's run of the same seconds from ours: the second start
    /// says who we are, and that the first one was given another's.
    @Test(arguments: ["person", nil])
    func aStrangersRunThatWasTakenForTheFirstOneIsToldOnceOurUserIsKnown(user: String?) throws {
        let fixture = try Fixture([Fixture.schedule { $0.overlap = .allow }])
        let simulator = fixture.simulator
        simulator.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try simulator.boot()
        try fixture.run(untilMinute: 15, second: 1)
        if let user {
            simulator.sandbox.startByPerson(process: "p1", user: user, at: simulator.time)
        }
        try fixture.run(untilMinute: 29)
        #expect(try fixture.told() == "15 started")
        #expect(try fixture.alarms(.possibleDuplicate) == [])
        try fixture.run(untilMinute: 32)
        #expect(try fixture.told() == "15 started, 30 started")
        let told = try fixture.ask(
            "SELECT what_to_do FROM attention WHERE kind = 'possible_duplicate'")
        #expect(told.count == (user == nil ? 0 : 1))
        #expect(told.allSatisfy { $0.contains("attempt 1 of s@") && $0.contains("user person") })
        try fixture.run(untilMinute: 50)
        try fixture.check()
    }

    /// What it has started is not of the user that the client before it acted for.
    @Test func theFirstLostAnswerAfterTheChangeIsAdopted() throws {
        let fixture = try Self.begun()
        Self.change(fixture)
        fixture.simulator.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 5_000), operation: "runProcess"))
        try fixture.run(untilMinute: 44)
        #expect(try fixture.told() == "15 started, 30 started")
        #expect(fixture.simulator.starts.count == 2)
        #expect(try fixture.ask("SELECT count(*) FROM attention WHERE kind = 'held'") == ["0"])
    }

    /// The token of the client before would have been good for ten minutes.
    @Test func noCallCarriesTheTokenOfTheClientBefore() throws {
        let fixture = try Self.begun()
        let before = fixture.requests("token")
        Self.change(fixture)
        try fixture.run(untilMinute: 22)
        #expect(fixture.requests("token") == before + 1)
    }

    /// A refused credential waits for minutes; another one doesn't inherit that.
    @Test func anotherClientIsTriedAtOnceAfterARefusedOne() throws {
        let fixture = try Fixture(edit: Self.scenario)
        fixture.simulator.configuration = Self.configuration("sandbox-client", hash: "1")
        fixture.simulator.secrets["prod"] = "wrong"
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 40)
        #expect(try fixture.alarms(.credential) == ["prod"])
        fixture.simulator.secrets["prod"] = nil
        Self.change(fixture)
        try fixture.run(untilMinute: 40, second: 10)
        #expect(try fixture.alarms(.credential) == [])
    }

    /// The file that names the client has another content: whoever it is now, nobody was told.
    @Test(arguments: [false, true])
    func aFileThatNamesTheClientMayNameAnother(isReferred: Bool) throws {
        let fixture = try Fixture(edit: Self.scenario)
        fixture.simulator.configuration = Self.configuration("file", hash: "1")
        fixture.simulator.configuration.connections["prod"]?.isClientReferred = isReferred
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        fixture.simulator.post(.credentialChanged(connection: "prod"))
        try fixture.run(untilMinute: 21)
        let known = try fixture.ask("SELECT user_id IS NOT NULL FROM connections")
        #expect(known == [isReferred ? "0" : "1"])
    }
}
