import Config
import ConfigFixtures
import Console
import Engine
import Foundation
import Testing
import Timetable

/// `config/example.toml` shows every key, and `check` accepts it.
@Suite struct ExampleConfigTests {
    private func load() throws -> LoadedConfiguration {
        try ConfigurationLoader(host: HostFiles()).load(ExampleConfig.path)
    }

    @Test func itIsValid() throws {
        let loaded = try load()
        #expect(loaded.warnings.isEmpty)
        #expect(
            loaded.engine.schedules.map(\.name) == [
                "board-dates", "certify", "close-first-look", "collection", "gl-refresh",
                "reconcile",
            ])
    }

    @Test func everyKeyArrives() throws {
        let loaded = try load()
        #expect(loaded.daemon.http?.description == "127.0.0.1:8471")
        #expect(loaded.daemon.httpBase == "/carillon")
        #expect(loaded.daemon.httpHosts == ["carillon.example.com"])
        #expect(loaded.daemon.keepHistoryMilliseconds == 221_184_000_000)
        let connection = try #require(loaded.engine.connections["prod"])
        #expect(connection.baseURL == "https://api.app.wdesk.com")
        #expect(connection.requestWindowMilliseconds == 29_000)
        #expect(connection.grantExpires == CivilDate(year: 2031, month: 3, day: 31))
        #expect(connection.versionEnds == CivilDate(year: 2031, month: 12, day: 31))
        #expect(connection.rate == RatePolicy())
        let access = try #require(loaded.access["prod"])
        #expect(access.clientID == .plain("0f3c9d1e-example"))
        #expect(access.clientSecret == .credential("workiva-client-secret"))
        let schedule = try #require(loaded.schedule("gl-refresh"))
        #expect(schedule.process == .id("51bcc3ec3d0b4aadb69659e2a7ed767b"))
        #expect(schedule.timezone == "America/New_York")
        #expect(schedule.spreadMilliseconds == 300_000)
        #expect(schedule.preflightMilliseconds == 43_200_000)
        #expect(schedule.runWithinMilliseconds == 28_800_000)
        #expect(schedule.outcome.failIf.count == 1)
        #expect(schedule.pauseAfterFailures == 3)
        #expect(schedule.maxRuns == 1_000_000)
        #expect(schedule.unlessDone == UnlessDone(since: .lastSlot, author: .anyone))
        #expect(schedule.formerly == "ledger-refresh")
        #expect(schedule.tags == ["ledger", "daily"])
        #expect(schedule.active.from?.iso8601 == "2026-01-01T05:00:00Z")
        #expect(schedule.active.until?.iso8601 == "2032-01-01T04:59:59Z")
        let certify = try #require(loaded.schedule("certify"))
        guard case .after(let rule) = certify.trigger else {
            Issue.record("certify waits for another schedule")
            return
        }
        #expect(rule.upstreams == ["gl-refresh"])
        #expect(rule.withinMilliseconds == 43_200_000)
        #expect(
            loaded.schedule("close-first-look")?.process == .name(pattern: "Close {yyyy}-{MM-1}"))
    }

    @Test func itShowsEveryKeyOfTheSchema() throws {
        let text = try String(contentsOfFile: ExampleConfig.path, encoding: .utf8)
        for key in ConfigKeys.all {
            #expect(
                text.contains("\(key) =") || text.contains("[\(key)"),
                "config/example.toml does not show \(key)")
        }
    }
}

/// What a good config means beyond the example.
@Suite struct LoadedConfigTests {
    private func load(_ text: String, more: [String: String] = [:]) throws -> LoadedConfiguration {
        var host = MemoryHost(more)
        host.files["carillon.toml"] = text
        return try ConfigurationLoader(host: host).load("carillon.toml")
    }

    private let connection = """
        [connections.c]
        base_url = "http://127.0.0.1:8080/"
        client_id = { env = "ID" }
        client_secret = { file = "/secret" }

        """

    @Test func theOnlyConnectionNeedsNoNaming() throws {
        let loaded = try load(
            "version = 1\n" + connection + """
                [schedules.s]
                process = "p"
                timezone = "UTC"
                cron = "@daily"
                """)
        #expect(loaded.schedule("s")?.connection == "c")
        #expect(loaded.engine.connections["c"]?.baseURL == "http://127.0.0.1:8080")
        #expect(loaded.access["c"]?.clientID == .secret(.environment("ID")))
    }

    @Test func schedulesInTheFolderAreMergedInTheOrderOfNames() throws {
        let schedule = { (name: String) in
            "[schedules.\(name)]\nprocess = \"p\"\ntimezone = \"UTC\"\nevery = \"1h\"\n"
        }
        let loaded = try load(
            "version = 1\n" + connection,
            more: [
                "schedules.d/b.toml": schedule("b"), "schedules.d/a.toml": schedule("a"),
                "schedules.d/.hidden.toml": "broken", "schedules.d/notes.txt": "broken",
            ])
        #expect(loaded.engine.schedules.map(\.name) == ["a", "b"])
    }

    @Test func theZonePrefixOfCronStandsForTheSchedulesZone() throws {
        let loaded = try load(
            "version = 1\n" + connection + """
                [defaults]
                timezone = "UTC"
                [schedules.s]
                process = "p"
                cron = "CRON_TZ=Asia/Tokyo 0 6 * * *"
                """)
        #expect(loaded.schedule("s")?.timezone == "Asia/Tokyo")
    }

    @Test func aSchedulesOwnRuleReplacesTheDefaultOne() throws {
        let loaded = try load(
            "version = 1\n" + connection + """
                [defaults]
                timezone = "UTC"
                cron = "0 6 * * *"
                [schedules.a]
                process = "p"
                every = "15m"
                [schedules.b]
                process = "p"
                """)
        #expect(loaded.schedule("a")?.ruleText == "every 15m")
        #expect(loaded.schedule("b")?.ruleText == "0 6 * * *")
    }

    @Test func theHashFollowsEveryFile() throws {
        let text = "version = 1\n" + connection
        let one = try load(text).engine.contentHash
        #expect(try load(text).engine.contentHash == one)
        #expect(try load(text + "\n").engine.contentHash != one)
        #expect(try load(text, more: ["schedules.d/a.toml": ""]).engine.contentHash != one)
    }

    @Test func keysMayBeWrittenInEveryFormOfTOML() throws {
        let loaded = try load(
            "version = 1\n" + connection + """
                [schedules]
                s.process = "p"
                s."timezone" = 'UTC'
                s.every = \"""
                15m\"""
                "t" = { process = "p", timezone = "UTC", cron = "0 0 * * *" }
                """)
        #expect(loaded.engine.schedules.map(\.name) == ["s", "t"])
    }
}

/// Secrets are looked at by `check` and required by the daemon.
@Suite struct SecretTests {
    private func problems(
        _ reference: String, _ check: SecretCheck, host: MemoryHost
    ) -> (errors: [String], warnings: [String]) {
        var host = host
        host.files["/c.toml"] = """
            version = 1
            [connections.c]
            region = "eu"
            client_id = "id"
            client_secret = \(reference)
            """
        do {
            let loaded = try ConfigurationLoader(host: host).load("/c.toml", secrets: check)
            return ([], loaded.warnings.map(\.description))
        } catch {
            return (error.errors.map(\.description), error.warnings.map(\.description))
        }
    }

    @Test func aMissingFileIsAnError() {
        let found = problems("{ file = \"/s\" }", .present, host: MemoryHost())
        #expect(
            found.errors == [
                "/c.toml:5:17: connections.c.client_secret: file /s: /s can't be read: no such file"
            ])
    }

    @Test func aFileThatEverybodyCanReadIsAWarning() {
        var host = MemoryHost(["/s": "hunter2\n"])
        host.worldReadable = ["/s"]
        let found = problems("{ file = \"/s\" }", .required, host: host)
        #expect(found.errors.isEmpty)
        #expect(
            found.warnings.filter { $0.contains("client_secret") } == [
                "/c.toml:5:17: warning: connections.c.client_secret: /s can be read by everybody "
                    + "on this host; chmod 0600 /s"
            ])
    }

    @Test func whatOnlyTheServiceSeesIsNoErrorOfCheck() {
        var host = MemoryHost(["/s": "hunter2\n"])
        host.forbidden = ["/s"]
        #expect(problems("{ file = \"/s\" }", .present, host: host).errors.isEmpty)
        #expect(problems("{ file = \"/s\" }", .required, host: host).errors.count == 1)
        #expect(problems("{ env = \"S\" }", .present, host: host).errors.isEmpty)
        #expect(problems("{ env = \"S\" }", .required, host: host).errors.count == 1)
        #expect(problems("{ credential = \"s\" }", .present, host: host).errors.isEmpty)
        #expect(problems("{ credential = \"s\" }", .required, host: host).errors.count == 1)
    }

    @Test(arguments: [("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), ("a b", "a b")])
    func theLineBreakDoesNotBelongToTheSecret(file: String, secret: String) throws {
        var host = MemoryHost(["/run/creds/s": file])
        host.variables["CREDENTIALS_DIRECTORY"] = "/run/creds"
        #expect(try SecretReference.credential("s").resolve(host) == secret)
    }

    @Test(arguments: ["", "\n", "two\nlines", "tab\there"])
    func whatIsNoSecretIsRefusedWithoutRepeatingIt(file: String) {
        let host = MemoryHost(["/s": file])
        #expect(throws: SecretUnavailable.self) { try SecretReference.file("/s").resolve(host) }
    }
}
