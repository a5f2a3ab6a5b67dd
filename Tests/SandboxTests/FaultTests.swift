import ProcessesAPI
import Sandbox
import Testing
import Timetable

@Suite struct FaultTests {
    /// What a client sees of a faulty start, and what is true afterwards.
    private enum Seen: Equatable {
        case lost(afterwards: Bool), status(Int), unreadable(Int), cut
    }

    private func see(_ fault: Fault) throws -> (Seen, TestClient) {
        var client = try loggedIn(scenario([process("a")]))
        client.state.inject(.next(fault, operation: "runProcess"))
        let outcome = client.exchange("POST", "/processes/a/run")
        switch outcome {
        case .dropBefore, .unreachable: return (.lost(afterwards: false), client)
        case .dropAfter: return (.lost(afterwards: true), client)
        case .cut: return (.cut, client)
        case .respond(let response, _):
            let id = try? JSON(response.body)["id"].text
            return (
                (response.status == 201 && id == nil ? .unreadable(201) : .status(response.status)),
                client
            )
        }
    }

    @Test func everyFaultOfAStart() throws {
        let cases: [(Fault, Seen, Int)] = [
            (.lostBefore, .lost(afterwards: false), 0),
            (.lostAfter(), .lost(afterwards: true), 1),
            (.error(500, acts: false), .status(500), 0),
            (.error(500, acts: true), .status(500), 1),
            (.error(408, acts: true), .status(408), 1),
            (.error(409, acts: false), .status(409), 0),
            (.error(503, acts: false), .status(503), 0),
            (.foreign(502, acts: true), .status(502), 1),
            (.foreign(503, acts: true), .status(503), 1),
            (.foreign(504, acts: false), .status(504), 0),
            (.rateLimited(operation: "runProcess", seconds: 10, header: true), .status(429), 0),
            (.answer(.garbage), .unreadable(201), 1),
            (.answer(.empty), .unreadable(201), 1),
            (.answer(.truncated), .unreadable(201), 1),
            (.answer(.withoutID), .unreadable(201), 1),
            (.answer(.cut), .cut, 1),
            (.answer(.redirect(to: "https://elsewhere.example/")), .status(307), 1),
            (.slow(60_000), .status(201), 1),
        ]
        for (fault, seen, created) in cases {
            let (result, client) = try see(fault)
            #expect(result == seen, "\(fault.answer) \(fault.effect)")
            #expect(client.state.runs.count == created, "\(fault.answer) \(fault.effect)")
            #expect(client.state.log.faults == 1)
        }
    }

    @Test func aRunMayComeToBeAfterTheAnswerWasLost() throws {
        var client = try loggedIn(scenario([process("a")]))
        client.state.inject(
            .next(.lostAfter(actsAfterMilliseconds: 20_000), operation: "runProcess"))
        _ = client.exchange("POST", "/processes/a/run")
        let run = try #require(client.state.runs.first)
        #expect(run.createdAt == epoch.adding(milliseconds: 20_000))
        client.pass(19_999)
        #expect(client.state.runs(of: "a", at: client.now).isEmpty)
        #expect(try client.get("/processes")["data"][0]["run"] == .null)
        #expect(try client.answer("GET", "/processRuns/\(run.id)").status == 404)
        client.pass(1)
        #expect(try client.get("/processes")["data"][0]["run"]["id"].text == run.id)
        // One that is asked for later and created earlier is the older one.
        client.state.inject(
            .next(.lostAfter(actsAfterMilliseconds: 20_000), operation: "runProcess"))
        _ = client.exchange("POST", "/processes/a/run")
        let quick = try client.start("a")
        #expect(
            client.state.runs(of: "a", at: client.now.adding(milliseconds: minute))[1].id == quick)
    }

    @Test func slowAnswersSayWhenTheyCome() throws {
        var world = scenario(
            [process("a")], faults: [.next(.slow(36_000), operation: "listProcesses")])
        world.latencyMilliseconds = 10...20
        var client = try loggedIn(world)
        let slow = client.exchange("GET", "/processes")
        #expect((36_010...36_020).contains(slow.afterMilliseconds))
        #expect(slow.response?.header("Date") == "Thu, 28 May 2026 20:27:16 GMT")
        #expect((10...20).contains(client.exchange("GET", "/processes").afterMilliseconds))
    }

    @Test func gatewayPagesAreNoErrorObjects() throws {
        var client = try loggedIn(scenario([process("a")]))
        client.state.inject(.next(.foreign(503, acts: false)))
        let page = try client.answer("GET", "/processes")
        #expect(page.header("Content-Type") == "text/html")
        #expect((try? JSON(page.body)) == nil)
        client.state.inject(.next(.error(503, acts: false)))
        let own = try client.answer("GET", "/processes")
        #expect(try JSON(own.body)["code"].text == "503")
    }

    @Test func oversizedBodiesAreAsLargeAsTold() throws {
        var client = try loggedIn(scenario([process("a")]))
        client.state.inject(.next(.answer(.oversized(bytes: 1 << 20))))
        #expect(try client.answer("GET", "/processes").body.count == 1 << 20)
    }

    @Test func datesMayBeSkewedOrMissing() throws {
        var client = try loggedIn(scenario([process("a")]))
        #expect(
            try client.answer("GET", "/processes").header("date") == "Thu, 28 May 2026 20:26:40 GMT"
        )
        var fault = Fault()
        fault.dateSkewMilliseconds = -3_600_000
        client.state.inject(.next(fault))
        #expect(
            try client.answer("GET", "/processes").header("date") == "Thu, 28 May 2026 19:26:40 GMT"
        )
        fault.hidesDate = true
        client.state.inject(.next(fault))
        #expect(try client.answer("GET", "/processes").header("date") == nil)
        client.state.scenario.clockSkewMilliseconds = 86_400_000
        let id = try client.start("a")
        let run = try client.get("/processRuns/\(id)")
        #expect(run["created"]["dateTime"].text == "2026-05-29T20:26:40Z")
        #expect(try #require(client.state.run(id)).createdAt == epoch)
    }

    @Test func aRevokedTokenAndAHiddenRun() throws {
        var client = try loggedIn(scenario([process("a")]))
        var fault = Fault()
        fault.revokesTokens = true
        client.state.inject(.next(fault, operation: "runProcess"))
        #expect(try client.answer("POST", "/processes/a/run").status == 401)
        #expect(client.state.runs.isEmpty)
        try client.logIn()
        fault = Fault()
        fault.hidesRunMilliseconds = 300_000
        client.state.inject(.next(fault, operation: "runProcess"))
        let id = try client.start("a")
        client.pass(299_999)
        #expect(try client.get("/processes")["data"][0]["run"] == .null)
        client.pass(1)
        #expect(try client.get("/processes")["data"][0]["run"]["id"].text == id)
    }

    @Test func rulesChooseTheirRequests() throws {
        var nth = FaultRule(.error(500, acts: false), operation: "listProcesses")
        nth.nth = 3
        nth.times = 2
        var outage = FaultRule(.lostBefore)
        outage.window = 60_000..<120_000
        let other = FaultRule(.error(502, acts: false), operation: nil, process: "b")
        var client = try loggedIn(
            scenario([process("a"), process("b")], faults: [nth, outage, other]))
        var statuses: [Int?] = []
        for _ in 0..<6 { statuses.append(client.exchange("GET", "/processes").response?.status) }
        #expect(statuses == [200, 200, 500, 500, 200, 200])
        #expect(try client.answer("GET", "/processes/a").status == 200)
        #expect(try client.answer("GET", "/processes/b").status == 502)
        client.pass(60_000)
        #expect(client.exchange("GET", "/processes/a").response == nil)
        client.pass(59_999)
        #expect(client.exchange("GET", "/processes/a").response == nil)
        client.pass(1)
        #expect(try client.answer("GET", "/processes/a").status == 200)
        client.state.removeFaults()
        #expect(try client.answer("GET", "/processes/b").status == 200)
    }

    @Test func chanceKeepsToItsProbabilityAndItsSeed() throws {
        var rule = FaultRule(.lostAfter(), operation: "listProcesses")
        rule.probability = 0.25
        func pattern(seed: UInt64) throws -> [Bool] {
            var client = try loggedIn(scenario([process("a")], faults: [rule]), seed: seed)
            return (0..<400).map { _ in client.exchange("GET", "/processes").response == nil }
        }
        let first = try pattern(seed: 1)
        #expect((70...130).contains(first.count { $0 }))
        #expect(try pattern(seed: 1) == first)
        #expect(try pattern(seed: 2) != first)
    }

    @Test func aStormKeepsOrBreaksTheWindows() throws {
        for (regime, isFair) in [
            (FaultRule.Regime.keepsWindows, true), (.breaksWindows, false),
        ] {
            let rules = FaultRule.storm(probability: 0.02, regime: regime)
            var client = try loggedIn(scenario([process("a")], faults: rules))
            var windows: (act: Int64, list: Int64) = (0, 0)
            for _ in 0..<600 {
                client.pass(1000)
                let outcome = client.exchange("POST", "/processes/a/run")
                if outcome.response?.status == 401 { try? client.logIn() }
                guard let run = client.state.runs.last else { continue }
                windows.act = max(windows.act, run.createdAt.since(client.now))
                windows.list = max(windows.list, run.listedAt.since(run.createdAt))
            }
            #expect((windows.act <= 29_000 && windows.list <= 120_000) == isFair)
            #expect(client.state.runs.count > 200)
        }
    }

    @Test func hintsAreRememberedForEarlyRequests() throws {
        var client = try loggedIn(scenario([process("a")]))
        client.state.log.keepsEntries = true
        client.state.inject(
            .next(
                .rateLimited(operation: "listProcesses", seconds: 10, header: false),
                operation: "listProcesses"))
        _ = try client.answer("GET", "/processes")
        _ = try client.answer("GET", "/processes/a")
        #expect(client.state.log.early == 0)
        client.pass(9_999)
        _ = try client.answer("GET", "/processes")
        #expect(client.state.log.early == 1)
        client.pass(1)
        _ = try client.answer("GET", "/processes")
        #expect(client.state.log.early == 1)
        // A message that names another operation means the whole connection.
        client.state.inject(
            .next(
                .rateLimited(operation: "listJobs", seconds: 10, header: false),
                operation: "listProcesses"))
        _ = try client.answer("GET", "/processes")
        _ = try client.answer("GET", "/processes/a")
        #expect(client.state.log.early == 2)
        #expect(client.state.log.entries.filter { $0.hint != nil }.map(\.status) == [429, 429])
    }
}
