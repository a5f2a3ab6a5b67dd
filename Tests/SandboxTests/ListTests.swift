import ProcessesAPI
import Sandbox
import Testing
import Timetable

@Suite struct ListTests {
    private func ids(_ page: JSON) -> [String] { page["data"].items.compactMap { $0["id"].text } }

    private func many(_ count: Int) -> Scenario {
        scenario((0..<count).map { process("p\($0)", name: "Name \(99_999 - $0)", jobs: 1) })
    }

    @Test func pagesFollowTheirNextLinkToTheEnd() throws {
        var client = try loggedIn(many(25))
        var path: String? = "/processes?%24maxpagesize=10&$orderBy=name%20asc"
        var sizes: [Int] = []
        var all: [String] = []
        while let address = path {
            let page = try client.get(address)
            sizes.append(ids(page).count)
            all += ids(page)
            path = page["@nextLink"].text
            #expect(path?.hasPrefix("https://api.sandbox.test/processes?%24next=") ?? true)
        }
        #expect(sizes == [10, 10, 5])
        #expect(all == (0..<25).reversed().map { "p\($0)" })
    }

    @Test func theDocumentedCursorIsUnderstood() throws {
        var client = try loggedIn(many(5))
        // Base64 of %24limit=2&%24offset=2
        let page = try client.get("/processes?$next=JTI0bGltaXQ9MiYlMjRvZmZzZXQ9Mg==&$orderBy=name")
        #expect(ids(page) == ["p2", "p1"])
        #expect(try client.answer("GET", "/processes?$next=%25%25").status == 400)
        let whole = "https%3A%2F%2Fapi.sandbox.test%2Fprocesses%3F"
        #expect(try client.answer("GET", "/processes?$next=\(whole)").status == 400)
    }

    @Test func theNewestRunIsShownAndSortsFirst() throws {
        var client = try loggedIn(many(3))
        _ = try client.start("p1")
        client.pass(minute)
        _ = try client.start("p0")
        client.pass(minute)
        let second = try client.start("p1")
        let page = try client.get("/processes")
        #expect(ids(page) == ["p1", "p0", "p2"])
        let run = page["data"][0]["run"]
        #expect(run["id"].text == second)
        #expect(run["process"].text == "p1")
        #expect(run["status"].text == "running")
        #expect(run["created"]["dateTime"].text == "2026-05-28T20:28:40Z")
        #expect(run["created"]["user"]["id"].text == SandboxClient().user)
        #expect(run["statusCounts"] == .null)
        #expect(page["data"][2]["run"] == .null)
        #expect(page["@nextLink"] == .null)
    }

    @Test func filterAndOrderAreRefusedWhereTheApiKnowsNone() throws {
        var client = try loggedIn(
            scenario([process("a", name: "Bob's close"), process("b", name: "Other")]))
        let found = try client.get("/processes?$filter=name%20contains%20'Bob''s'")
        #expect(ids(found) == ["a"])
        for query in [
            "$filter=id%20eq%20'a'", "$filter=name%20contains%20'Bob's'", "$orderBy=id",
            "$orderBy=name%20up", "$maxpagesize=0", "$maxpagesize=1001", "$maxpagesize=x",
        ] {
            #expect(try client.answer("GET", "/processes?\(query)").status == 400, "\(query)")
        }
    }

    @Test func renamedDeletedAndAddedProcesses() throws {
        var client = try loggedIn(scenario([process("a", name: "A"), process("b", name: "B")]))
        let run = try client.start("a")
        client.state.renameProcess("a", to: "Z", at: client.now)
        client.state.addProcess(process("c", name: "C"), at: client.now)
        #expect(ids(try client.get("/processes?$orderBy=name")) == ["b", "c", "a"])
        client.state.deleteProcess("a", at: client.now)
        #expect(ids(try client.get("/processes?$orderBy=name%20desc")) == ["c", "b"])
        #expect(try client.answer("GET", "/processes/a").status == 404)
        #expect(try client.answer("POST", "/processes/a/run").status == 404)
        #expect(try client.answer("GET", "/processRuns/\(run)").status == 200)
        let late = client.state.startByPerson(process: "a", user: "u", at: client.now)
        #expect(late == nil)
    }

    @Test func aNewRunMayBeHiddenForAWhile() throws {
        var world = scenario([process("a")])
        world.listDelayMilliseconds = 5000...5000
        world.readDelayMilliseconds = 1000...1000
        var client = try loggedIn(world)
        let person = client.state.startByPerson(process: "a", user: "pat", at: client.now)
        client.pass(10_000)
        let own = try client.start("a")
        #expect(try client.get("/processes")["data"][0]["run"]["id"].text == person)
        #expect(
            try client.get("/processes")["data"][0]["run"]["created"]["user"]["id"].text == "pat")
        #expect(try client.answer("GET", "/processRuns/\(own)").status == 404)
        client.pass(1000)
        #expect(try client.answer("GET", "/processRuns/\(own)").status == 200)
        #expect(try client.get("/processes")["data"][0]["run"]["id"].text == person)
        client.pass(4000)
        #expect(try client.get("/processes")["data"][0]["run"]["id"].text == own)
    }

    @Test func badPages() throws {
        let cases: [(Fault.Listing, [String], String?)] = [
            (.reversed, ["c", "b"], "https://api.sandbox.test"),
            (.without(process: "a"), ["b", "c"], nil),
            (.loops, ["a", "b"], "https://api.sandbox.test"),
            (.foreignNextLink, ["a", "b"], "https://elsewhere.example"),
            (.withoutRuns, ["a", "b"], "https://api.sandbox.test"),
            (.nextLinkUnder(base: "http://inner:81"), ["a", "b"], "http://inner:81"),
        ]
        for (listing, first, link) in cases {
            var client = try loggedIn(scenario([process("a"), process("b"), process("c")]))
            _ = try client.start("a")
            client.state.inject(.next(.listing(listing), operation: "listProcesses"))
            let page = try client.get("/processes?$orderBy=name&$maxpagesize=2")
            #expect(ids(page) == first, "\(listing)")
            #expect(
                page["@nextLink"].text?.split(separator: "/processes").first.map(String.init)
                    == link)
            if listing == .loops {
                #expect(ids(try client.get(try #require(page["@nextLink"].text))) == first)
            }
            if listing == .withoutRuns { #expect(page["data"][0]["run"] == .null) }
        }
        var client = try loggedIn(scenario([process("a"), process("b"), process("c")]))
        let page = try client.get("/processes?$orderBy=name&$maxpagesize=2")
        client.state.inject(.next(.listing(.shifted(by: -1)), operation: "listProcesses"))
        #expect(ids(try client.get(try #require(page["@nextLink"].text))) == ["b", "c"])
    }

    @Test(arguments: [true, false])
    func aCachedPageIsThatOfItsTime(tellsAge: Bool) throws {
        var client = try loggedIn(scenario([process("a")]))
        client.pass(60_000)
        _ = try client.start("a")
        client.pass(10_000)
        let cached = Fault.Listing.cached(ageMilliseconds: 30_000, tellsAge: tellsAge)
        client.state.inject(.next(.listing(cached), operation: "listProcesses"))
        let answer = try client.answer("GET", "/processes")
        #expect(try JSON(answer.body)["data"][0]["run"] == .null)
        #expect(answer.header("Age") == (tellsAge ? "30" : nil))
        let fresh = try client.answer("GET", "/processes")
        #expect(try JSON(fresh.body)["data"][0]["run"] != .null)
        #expect(fresh.header("Age") == nil)
        #expect(fresh.header("Date") != answer.header("Date"))
    }

    @Test func pagesAreNoLongerThanTheServerWantsThem() throws {
        var scenario = scenario([process("a"), process("b"), process("c")])
        scenario.pageItemsMax = 2
        var client = try loggedIn(scenario)
        let page = try client.get("/processes?$orderBy=name&$maxpagesize=1000")
        #expect(ids(page) == ["a", "b"])
        #expect(ids(try client.get(try #require(page["@nextLink"].text))) == ["c"])
    }

    @Test func aCachedRunIsThatOfItsTimeAndAReplayedAnswerIsThatOfAnotherRequest() throws {
        var client = try loggedIn(scenario([process("a"), process("b")]))
        let first = try client.start("a")
        client.pass(3_600_000)
        client.state.inject(
            .next(
                .listing(.cached(ageMilliseconds: 3_600_000, tellsAge: true)),
                operation: "getProcessRun"))
        let copy = try client.get("/processRuns/\(first)")
        let fresh = try client.get("/processRuns/\(first)")
        #expect(copy["status"] != fresh["status"])
        client.state.inject(.next(.answer(.replayed), operation: "runProcess"))
        #expect(try client.start("b") == first)
        #expect(client.state.runs.count == 2)
    }

    @Test func tenThousandProcessesAreListedInReasonableTime() throws {
        var client = try loggedIn(many(10_000))
        for number in 0..<2000 { _ = try client.start("p\(number)") }
        let clock = ContinuousClock()
        var pages = 0
        let spent = try clock.measure {
            var path: String? = "/processes?$orderBy=name"
            while let address = path {
                let response = try client.answer("GET", address)
                pages += 1
                let end = String(decoding: response.body.suffix(300), as: UTF8.self)
                path = end.quoted(after: #""@nextLink":""#)
            }
        }
        #expect(pages == 10)
        #expect(spent < .seconds(20), "\(spent)")
    }
}

extension String {
    /// The text between a marker and the next quotation mark.
    func quoted(after marker: String) -> String? {
        guard let range = firstRange(of: marker) else { return nil }
        return String(self[range.upperBound...].prefix { $0 != "\"" })
    }
}
