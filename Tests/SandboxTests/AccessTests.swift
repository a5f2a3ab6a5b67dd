import ProcessesAPI
import Sandbox
import Testing
import Timetable

@Suite struct AccessTests {
    @Test func aTokenIsGivenForTheRightCredentialsOnly() throws {
        var client = TestClient(Scenario())
        let form = "application/x-www-form-urlencoded"
        let cases: [(String, String, Int, String?)] = [
            (
                "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret",
                form, 200, nil
            ),
            (
                "grant_type=client_credentials&client_id=sandbox-client&client_secret=no", form,
                401, "invalid_client"
            ),
            (
                "grant_type=client_credentials&client_id=no&client_secret=sandbox-secret", form,
                401, "invalid_client"
            ),
            ("grant_type=password&client_id=sandbox-client", form, 400, "invalid_request"),
            ("{}", "application/json", 400, "invalid_request"),
        ]
        for (body, type, status, error) in cases {
            let response = try client.answer("POST", "/oauth2/token", body: body, type: type)
            #expect(response.status == status)
            #expect(try JSON(response.body)["error"].text == error)
        }
        let good = try client.answer("POST", "/oauth2/token", body: cases[0].0, type: form)
        let token = try JSON(good.body)
        #expect(token["expires_in"] == .number(599))
        #expect(token["token_type"].text == "Bearer")
        #expect(token["scope"].text == "file:read file:write")
    }

    @Test func secretsAreReadPercentDecoded() throws {
        var world = scenario([process("a")])
        world.clients[0].secret = "wk_secret:a+b c&d"
        var client = TestClient(world)
        try client.logIn(secret: "wk_secret%3Aa%2Bb+c%26d")
        #expect(client.token != nil)
    }

    @Test func tokensEndAndCanBeRevoked() throws {
        var world = scenario([process("a")])
        world.tokenLifetimeSeconds = Scenario().tokenLifetimeSeconds
        var client = try loggedIn(world)
        client.pass(598_999)
        #expect(try client.answer("GET", "/processes").status == 200)
        client.pass(1)
        let refused = try client.answer("GET", "/processes")
        #expect(refused.status == 401)
        #expect(try JSON(refused.body)["code"].text == "Unauthorized")
        try client.logIn()
        #expect(try client.answer("GET", "/processes").status == 200)
        client.state.revokeTokens()
        #expect(try client.answer("GET", "/processes").status == 401)
        client.token = nil
        #expect(try client.answer("GET", "/processes").status == 401)
    }

    @Test func scopesAreAsked() throws {
        var world = scenario([process("a")])
        world.clients[0].scopes = ["file:read"]
        var client = try loggedIn(world)
        #expect(try client.answer("GET", "/processes").status == 200)
        #expect(try client.answer("POST", "/processes/a/run").status == 403)
        #expect(client.state.runs.isEmpty)
    }

    @Test func theVersionHeaderDecides() throws {
        var client = try loggedIn(scenario([process("a")]))
        #expect(try client.answer("GET", "/processes", version: .some(nil)).status == 404)
        let ended = try client.answer("GET", "/processes", version: "2031-01-01")
        #expect(ended.status == 400)
        #expect(try JSON(ended.body)["code"].text == "400BadRequest")
        #expect(try JSON(ended.body)["version"].text == "2031-01-01")
        let missing = try client.answer("GET", "/processes/none", version: stable)
        #expect(try JSON(missing.body)["code"].text == "404NotFound")
        let preview = try client.answer("GET", "/processes/none")
        #expect(try JSON(preview.body)["code"].text == "404")
        #expect(try JSON(preview.body)["documentationUrl"] == .null)
    }

    @Test func startsAreRefusedForTheirBodyOrTheirProcess() throws {
        var broken = process("a")
        broken.validationErrors = [
            SandboxValidationError(code: "invalidUser", message: "No such user.", jobNumber: 1)
        ]
        var client = try loggedIn(scenario([broken, process("b")]))
        let findings = try client.answer("POST", "/processes/a/validation")
        #expect(findings.status == 200)
        #expect(try JSON(findings.body)["errors"][0]["code"].text == "invalidUser")
        #expect(
            try JSON(client.answer("POST", "/processes/b/validation").body)["errors"].items.isEmpty)
        let refused = try client.answer("POST", "/processes/a/run")
        #expect(refused.status == 400)
        let error = try JSON(refused.body)
        #expect(error["code"].text == "invalidUser")
        #expect(error["meta"]["jobId"].text == error["target"].text)
        let process = try client.get("/processes/a")
        #expect(process["root"]["children"][1]["job"]["id"].text == error["target"].text)
        #expect(process["run"] == .null)
        #expect(
            try client.answer("POST", "/processes/b/run", body: "{", type: "application/json")
                .status == 400)
        #expect(
            try client.answer("POST", "/processes/b/run", body: "{}", type: "text/plain").status
                == 415)
        #expect(client.state.runs.isEmpty)
        #expect(try client.answer("POST", "/processes/b/run").status == 201)
        #expect(client.state.runs[0].sendsCompleteEmail)
        _ = try client.start("b")
        #expect(!client.state.runs[1].sendsCompleteEmail)
        #expect(try client.answer("DELETE", "/processes/b").status == 404)
    }

    @Test func aSecondRunIsAHabitOfTheScenario() throws {
        for habit in Scenario.SecondRun.allCases {
            var world = scenario([process("a", minutes: 1, jobs: 1)])
            world.secondRun = habit
            var client = try loggedIn(world)
            _ = try client.start("a")
            #expect(
                try client.answer("POST", "/processes/a/run").status
                    == (habit == .allowed ? 201 : 409))
            client.pass(2 * minute)
            #expect(
                try client.answer("POST", "/processes/a/run").status
                    == (habit == .conflict ? 409 : 201))
        }
    }

    @Test func noWindowHoldsMoreThanTheLimit() throws {
        for sendsHeader in [false, true] {
            var world = scenario([process("a")])
            var limit = RateLimit(requests: 10, windowSeconds: 60)
            limit.sendsHeader = sendsHeader
            world.rateLimit = limit
            var client = try loggedIn(world)
            for _ in 0..<9 {
                client.pass(1000)
                #expect(try client.answer("GET", "/processes").status == 200)
            }
            client.pass(1000)
            let refused = try client.answer("GET", "/processes")
            #expect(refused.status == 429)
            #expect(
                try JSON(refused.body)["message"].text
                    == "Rate limit of 10 per 60 seconds exceeded for listProcesses requests."
                    + " Retry request in 50 seconds.")
            #expect(refused.header("Retry-After") == (sendsHeader ? "50" : nil))
            client.pass(49_999)
            #expect(try client.answer("GET", "/processes").status == 429)
            #expect(client.state.log.early == 1)
            client.pass(1)
            #expect(try client.answer("GET", "/processes/a").status == 200)
            #expect(client.state.log.answersByStatus == [200: 11, 429: 2])
        }
    }
}
