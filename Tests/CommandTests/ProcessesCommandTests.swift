import Sandbox
import Testing
import Timetable

@Suite(.timeLimit(.minutes(30))) struct ProcessesCommandTests {
    @Test func listsEveryProcessWithItsRun() async {
        let site = SandboxSite(("p1", "Close\u{1B}[31m"), ("p2", "Refresh"))
        let run = await site.carillon("processes") { state in
            state.startByPerson(
                process: "p2", user: "someone", at: Instant(seconds: 1_781_524_700))
        }
        #expect(run.status == 0, "said: \(run.errors)")
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("PROCESS  NAME"))
        #expect(lines[1].hasPrefix("p1       Close\\u{1b}[31m  -  "))
        #expect(lines[1].hasSuffix("never started"))
        #expect(lines[2].hasPrefix("p2       Refresh"))
        #expect(lines.count == 3)
    }

    @Test func allPagesAreListedAsJSON() async {
        var site = SandboxSite()
        site.scenario.processes = (1...2345).map { number in
            SandboxProcess(
                id: "p\(number)", name: "Process \(number)",
                root: .group(name: "Root", parallel: false, children: []))
        }
        let run = await site.carillon("processes", "--connection", "prod", "--json")
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(run.output.split(separator: "\n").count == 2347)
        #expect(
            run.output.contains(
                #"{"process_id": "p7", "name": "Process 7", "run_id": null, "run_status": null, "#
                    + #""run_created_at": null}"#))
    }

    @Test func aRefusedCredentialIsNamedButNeverShown() async {
        var site = SandboxSite(("p1", "Close"))
        site.secret = "wrong-secret"
        let run = await site.carillon("processes")
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("connection \"prod\": the credential is refused"))
        #expect(run.errors.contains("client_secret (file /secret) of [connections.prod]"))
        #expect(!run.errors.contains("wrong-secret"))
    }

    @Test func aVersionThatIsNotServedIsSaidWithTheOther() async {
        var site = SandboxSite(("p1", "Close"))
        site.scenario.apiVersions = ["2026-01-01"]
        let run = await site.carillon("processes")
        #expect(run.status == 1)
        #expect(run.errors.contains("version \"2026-04-01.processes.preview\" is not"))
        #expect(run.errors.contains("set api_version of [connections.prod] to \"2026-01-01\""))
    }

    @Test func anUnreachableAPIIsSaidWithItsAddress() async {
        // Port 1 is never served on a test machine.
        let run = await carillon(
            "processes", "--config", "/c/carillon.toml", host: SandboxSite().host(port: 1))
        #expect(run.status == 1)
        #expect(run.errors.contains("the API can't be reached at http://127.0.0.1:1"))
    }

    @Test func aMissingScopeIsSaid() async {
        var site = SandboxSite(("p1", "Close"))
        site.scenario.clients[0].scopes = ["file:write"]
        let run = await site.carillon("processes")
        #expect(run.status == 1)
        #expect(run.errors.contains("give it the scopes file:read file:write"))
    }

    @Test func anUnknownConnectionNamesTheNearest() async {
        let run = await carillon(
            "processes", "--connection", "pord", "--config", "/c/carillon.toml",
            host: SandboxSite().host(port: 1))
        #expect(run.status == 3)
        #expect(run.errors == "carillon: no connection \"pord\"; did you mean \"prod\"?\n")
    }

    @Test func amongSeveralConnectionsOneMustBeNamed() async {
        var host = SandboxSite().host(port: 1)
        host.files["/c/carillon.toml"]? += """

            [connections.test]
            region = "eu"
            client_id = "i"
            client_secret = { file = "/secret" }
            """
        let run = await carillon("processes", "--config", "/c/carillon.toml", host: host)
        #expect(run.status == 2)
        #expect(run.errors == "carillon: name one with --connection: prod, test\n")
    }
}
