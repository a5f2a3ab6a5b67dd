import ConfigFixtures
import Console
import Foundation
import Testing
import carillon

/// Filters as people guess them, and what is said to those who guess wrong.
@Suite struct FilterCommandTests {
    private func run(
        _ arguments: String..., host: MemoryHost = MemoryHost()
    ) async throws -> (status: Int32, output: String, errors: String) {
        let fixture = try LedgerFixture()
        try fixture.execute(
            """
            UPDATE schedule_states SET tags = '["finance","close"]' WHERE schedule = 'close';
            INSERT INTO pause_periods (schedule, kind, from_at, until_at, reason, requested_by,
                created_at, lifted_at) VALUES
                ('gl', 'pause', 1781300000000, NULL, 'freeze', 'ann', 1781300000000, 1781400000000),
                (NULL, 'pause', 1781500000000, NULL, 'maintenance', 'bob', 1781500000000, NULL);
            INSERT INTO audit (at, actor, action, subject, reason) VALUES
                (1781300000000, 'ann', 'pause', 'gl', 'freeze'),
                (1781400000000, 'ann', 'resume', 'gl', ''),
                (1781500000000, 'bob', 'skip', 'close@2026-06-16T11:00:00Z', 'office closed');
            """)
        return await carillon(
            arguments: arguments + ["--database", fixture.path], host: host,
            now: "2026-06-15T12:00:00Z")
    }

    /// Values of a column of the JSON that a command prints.
    private func column(_ name: String, _ output: String) throws -> [String] {
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
        return rows.map { ($0[name] as? String) ?? "\($0[name] ?? "-")" }
    }

    @Test func aScheduleIsNamedWithoutAnOption() async throws {
        let found = try await run(
            "history", "gl", "--since", "yesterday", "--disposition", "started", "--json")
        #expect(try column("schedule", found.output) == ["gl", "gl"])
        let two = try await run("history", "gl", "--schedule", "close")
        #expect(two.status == 2)
        #expect(two.errors.contains("Name one schedule: gl, or --schedule close."))
    }

    @Test func yesterdayIsTheSchedulesOwn() async throws {
        // At noon in UTC it is the 15th everywhere here; New York's 14th began at 04:00 UTC.
        let ours = try await run("history", "close", "--since", "yesterday", "--json")
        #expect(
            try column("slot_at", ours.output) == ["2026-06-15T11:00:00Z", "2026-06-14T11:00:00Z"])
        let today = try await run("history", "--since", "today", "--until", "07:00", "--json")
        #expect(try column("slot_at", today.output) == ["2026-06-15T06:00:00Z"])
        // Without a schedule it is the person's own zone.
        var host = MemoryHost()
        host.variables = ["TZ": "Asia/Tokyo"]
        let tokyo = try await run(
            "history", "--since", "today", "--until", "2026-06-15T16:00", "--json", host: host)
        #expect(try column("slot_at", tokyo.output) == ["2026-06-15T06:00:00Z"])
    }

    @Test func spansLeadBackWithAndWithoutASign() async throws {
        for span in ["-1h", "1h"] {
            let found = try await run("errors", "--since", span, "--json")
            #expect(try column("schedule", found.output) == ["close"])
        }
    }

    @Test func wordsAreJoinedOrRepeated() async throws {
        let joined = try await run("history", "--disposition", "skipped,pending", "--json")
        let twice = try await run(
            "history", "--disposition", "skipped", "--disposition", "pending", "--json")
        #expect(try column("disposition", joined.output) == ["pending", "skipped"])
        #expect(joined.output == twice.output)
        let runs = try await run("runs", "--status", "running", "--outcome", "active", "--json")
        #expect(try column("run_id", runs.output) == ["run-two-2"])
    }

    @Test func tagsChooseSchedules() async throws {
        let found = try await run("history", "--tag", "finance", "--json")
        #expect(try column("schedule", found.output) == ["close", "close"])
        #expect(
            try await column("schedule", run("errors", "--tag", "close", "--json").output)
                == ["close"])
        #expect(try await run("runs", "--tag", "finance").errors == "no runs\n")
    }

    @Test func connectionsChooseWhatUsesThem() async throws {
        let fixture = try LedgerFixture.troubled()
        try fixture.execute(
            """
            UPDATE slots SET connection = 'test' WHERE schedule = 'close';
            UPDATE errors SET connection = 'test' WHERE schedule = 'close';
            """)
        for (verb, ofTest) in [
            ("history", ["close"]), ("runs", []), ("errors", ["close"]),
            ("schedules", ["close"]),
        ] {
            for (connection, schedules) in [("test", ofTest), ("prod", ["gl"])] {
                let found = await carillon(
                    arguments: [verb, "--connection", connection, "--json"]
                        + ["--database", fixture.path])
                #expect(found.status == 0, "\(verb): \(found.errors)")
                #expect(Set(try column("schedule", found.output)) == Set(schedules), "\(verb)")
            }
            let wrong = try await run(verb, "--connection", "prd")
            #expect(wrong.status == 3)
            #expect(
                wrong.errors.hasPrefix("carillon: no connection \"prd\"; did you mean \"prod\"?"),
                "\(wrong.errors)")
        }
    }

    @Test func schedulesAreChosenByTagAndSlotsByTheirStatus() async throws {
        let tagged = try await run("schedules", "--tag", "finance", "--json")
        #expect(try column("schedule", tagged.output) == ["close"])
        // What history calls a disposition, people call a status.
        let skipped = try await run("history", "--status", "skipped", "--json")
        #expect(try column("disposition", skipped.output) == ["skipped"])
    }

    @Test(arguments: [
        (
            ["history", "--disposition", "mised"],
            "no disposition \"mised\"; did you mean \"missed\"?"
        ),
        (["runs", "--status", "eror"], "no status \"eror\"; did you mean \"error\"?"),
        (["runs", "--outcome", "xyzzy"], "no outcome \"xyzzy\"; there are active, succeeded, "),
        (
            ["history", "--since", "yesturday"],
            "--since yesturday: not a time; did you mean yesterday?"
        ),
        (
            ["errors", "--since", "2 hours"],
            "--since 2 hours: not a time; did you mean -2h? Other forms: yesterday, 07:00, "
        ),
        (
            ["runs", "--since", "today", "--until", "yesterday"],
            "--until 2026-06-14T00:00:00Z is not after --since 2026-06-15T00:00:00Z; swap them?"
        ),
    ])
    func wrongWordsLeadToRightOnes(arguments: [String], message: String) async throws {
        let fixture = try LedgerFixture()
        let found = await carillon(arguments: arguments + ["--database", fixture.path])
        #expect(found.status == 2)
        #expect(found.errors.hasPrefix("carillon: " + message), "\(found.errors)")
    }

    @Test func auditTellsWhoDidWhat() async throws {
        let all = try await run("audit", "--json")
        #expect(try column("action", all.output) == ["skip", "resume", "pause"])
        // A schedule's own, and those about single slots of it.
        #expect(try await column("actor", run("audit", "close", "--json").output) == ["bob"])
        let some = try await run("audit", "--actor", "ann", "--action", "pause", "--json")
        #expect(try column("done_at", some.output) == ["2026-06-12T21:33:20Z"])
        #expect(
            try await run("audit", "--actor", "anne").errors
                == "nothing of that kind was done; did you mean \"ann\"?\n")
    }

    /// What was taken out of sight is told by the kind first, which may have blanks itself.
    @Test func auditOfAScheduleHasWhatWasTakenOutOfSight() async throws {
        let fixture = try LedgerFixture()
        try fixture.execute(
            """
            UPDATE schedule_states SET tags = '["finance"]' WHERE schedule = 'gl';
            INSERT INTO audit (at, actor, action, subject) VALUES
                (1781300000000, 'ann', 'ack', 'missed gl'),
                (1781300000001, 'bob', 'ack', 'run in trouble gl run-two-2'),
                (1781300000002, 'cyd', 'ack', 'held gl@2026-06-15T06:00:00Z'),
                (1781300000003, 'dan', 'ack', 'held gl-2@2026-06-15T06:00:00Z'),
                (1781300000004, 'eve', 'ack', 'missed close'), (1781300000005, 'fay', 'ack', 'log gl2');
            """)
        for filter in [["gl"], ["--tag", "finance"]] {
            let found = await carillon(
                arguments: ["audit", "--json", "--database", fixture.path] + filter)
            #expect(try column("actor", found.output) == ["cyd", "bob", "ann"])
        }
    }

    @Test func pausesAreThoseInForceUnlessAllAreWanted() async throws {
        let inForce = try await run("pauses", "gl", "--json")
        #expect(try column("requested_by", inForce.output) == ["bob"])
        let all = try await run("pauses", "--all", "--json")
        #expect(try column("lifted_by", all.output) == ["<null>", "ann"])
        #expect(try await run("pauses").output.contains("(all)"))
    }

    @Test func pausesAndTheAuditAreThoseOfATagOrAConnection() async throws {
        let fixture = try LedgerFixture.troubled()
        try fixture.execute(
            """
            INSERT INTO pause_periods (schedule, kind, from_at, until_at, reason, requested_by,
                created_at, lifted_at) VALUES
                ('gl', 'pause', 1781300000000, NULL, 'freeze', 'ann', 1781300000000, 1781400000000),
                ('close', 'pause', 1781300000000, NULL, 'late', 'cyd', 1781310000000,
                    1781400000000),
                (NULL, 'pause', 1781500000000, NULL, 'maintenance', 'bob', 1781500000000, NULL);
            INSERT INTO audit (at, actor, action, subject) VALUES
                (1781300000000, 'ann', 'pause', 'gl'), (1781310000000, 'cyd', 'pause', 'close'),
                (1781500000000, 'bob', 'pause', 'all schedules'),
                (1781500000001, 'dan', 'ack', 'unreachable test'),
                (1781500000002, 'eve', 'ack', 'waits connection test'),
                (1781500000003, 'fay', 'ack', 'unreachable prod'),
                (1781500000004, 'gus', 'ack', 'overlap close'),
                (1781500000005, 'hal', 'ack', 'run in trouble gl run-two-2');
            """)
        for (filter, paused, done) in [
            // What holds for all schedules holds for those of a tag.
            (["--tag", "finance"], ["bob", "cyd"], ["gus", "bob", "cyd"]),
            (["--connection", "test"], ["bob", "cyd"], ["gus", "eve", "dan", "bob", "cyd"]),
            (["--connection", "prod"], ["bob", "ann"], ["hal", "fay", "bob", "ann"]),
        ] {
            let more = filter + ["--json", "--database", fixture.path]
            let pauses = await carillon(arguments: ["pauses", "--all"] + more)
            #expect(try column("requested_by", pauses.output) == paused)
            let audit = await carillon(arguments: ["audit"] + more)
            #expect(try column("actor", audit.output) == done)
        }
        for verb in ["audit", "pauses", "attention", "notifications"] {
            let wrong = try await run(verb, "--connection", "prd")
            #expect(wrong.status == 3)
            #expect(
                wrong.errors.hasPrefix("carillon: no connection \"prd\"; did you mean \"prod\"?"),
                "\(verb): \(wrong.errors)")
            #expect(try await run(verb, "glx").status == 3, "\(verb)")
        }
    }

    /// A typo must not look like "nothing needs attention".
    @Test(arguments: [
        "history", "runs", "errors", "schedules", "audit", "pauses", "attention", "notifications",
    ])
    func aTagThatNobodyCarriesIsRefused(verb: String) async throws {
        let wrong = try await run(verb, "--tag", "financ")
        #expect(wrong.status == 3)
        #expect(
            wrong.errors
                == "carillon: no schedule has the tag \"financ\"; did you mean \"finance\"?\n")
    }

    @Test func attentionCanEndWithOne() async throws {
        #expect(try await run("attention").status == 0)
        let found = try await run("attention", "--exit-code")
        #expect(found.status == 1)
        #expect(found.errors.isEmpty)
        let fixture = try LedgerFixture()
        try fixture.execute("DELETE FROM alarms")
        let none = await carillon("attention", "--exit-code", "--database", fixture.path)
        #expect(none.status == 0)
    }

    @Test(arguments: [
        (["help", "histroy"], "no help topic \"histroy\"; did you mean \"history\"?"),
        (["help", "xyzzy"], "no help topic \"xyzzy\"; carillon --help lists them"),
        (["histroy"], "no verb \"histroy\"; did you mean \"history\"?"),
    ])
    func unknownTopicsEndWithTwo(arguments: [String], message: String) async {
        let found = await carillon(arguments: arguments)
        #expect(found.status == 2)
        #expect(found.errors.hasPrefix("carillon: " + message), "\(found.errors)")
        #expect(found.output.isEmpty)
    }

    @Test func knownTopicsAreHelpedWith() async {
        let found = await carillon("help", "history")
        #expect(found.status == 0)
        #expect(found.output.contains("carillon history"))
    }

    @Test func theVersionNamesWhatItStandsOn() async {
        let host = MemoryHost(["/usr/share/zoneinfo/tzdata.zi": "# version 2026a\n# rest\n"])
        let found = await carillon("--version", host: host)
        #expect(found.status == 0)
        let lines = found.output.split(separator: "\n")
        #expect(lines.map { $0.prefix(9) } == ["carillon ", "commit   ", "SQLite   ", "zone data"])
        #expect(lines.last == "zone data  2026a")
        let json = await carillon("version", "--json", host: host)
        #expect(json.output.hasPrefix("{\"version\": \"\(Release.version)\", \"commit\": "))
    }

    @Test func aCheckCanBeReadByPrograms() async throws {
        let good = """
            version = 1
            [connections.c]
            region = "us"
            client_id = "id"
            client_secret = { file = "/s" }
            [schedules.one]
            process = "p"
            timezone = "UTC"
            cron = "0 6 * * *"
            """
        func report(_ text: String) async throws -> (status: Int32, object: [String: Any]) {
            let host = MemoryHost(["/c.toml": text, "/s": "x"])
            let found = await carillon("check", "--json", "--config", "/c.toml", host: host)
            #expect(found.errors.isEmpty)
            let object = try JSONSerialization.jsonObject(with: Data(found.output.utf8))
            return (found.status, try #require(object as? [String: Any]))
        }
        let fine = try await report(good)
        #expect(fine.status == 0)
        #expect(fine.object["valid"] as? Bool == true)
        let schedules = try #require(fine.object["schedules"] as? [[String: String]])
        #expect(schedules.first?["next"] == "2026-06-16T06:00:00+00:00")
        let bad = try await report(good.replacing("cron", with: "corn"))
        #expect(bad.status == 2)
        #expect(bad.object["valid"] as? Bool == false)
        let errors = try #require(bad.object["errors"] as? [[String: Any]])
        #expect(errors.contains { $0["key"] as? String == "schedules.one.corn" })
        #expect(errors.contains { $0["line"] as? Int == 9 && $0["column"] as? Int == 1 })
    }
}
