import ProcessesAPI
import Sandbox
import Testing
import Timetable

@Suite struct RunStoryTests {
    @Test func aSerialRunGoesJobByJobToItsEnd() throws {
        var client = try loggedIn(scenario([process("a", minutes: 10, jobs: 2)]))
        let id = try client.start("a")
        let stages: [(Int64, String, [String: Int64])] = [
            (0, "running", ["running": 1, "waiting": 1]),
            (10, "running", ["completed": 1, "running": 1]),
            (20, "complete", ["completed": 2]),
        ]
        var revisions: [JSON] = []
        for (minutes, status, counts) in stages {
            client.now = epoch.adding(milliseconds: minutes * minute)
            let run = try client.get("/processRuns/\(id)")
            #expect(run["status"].text == status)
            #expect(run["statusCounts"].counts == counts)
            #expect(
                client.state.run(id)?.actionCounts(at: client.now, apiVersion: preview) == counts)
            revisions.append(run["revision"])
        }
        #expect(Set(revisions.map { "\($0)" }).count == 3)
        let run = try client.get("/processRuns/\(id)")
        #expect(run["completedDate"].text == "2026-05-28T20:46:40Z")
        #expect(run["modified"]["dateTime"].text == run["completedDate"].text)
        #expect(run["name"].text == "Process a - Run")
    }

    @Test func parallelJobsRunAtTheSameTime() throws {
        var client = try loggedIn(scenario([process("a", minutes: 10, jobs: 3, parallel: true)]))
        let id = try client.start("a")
        #expect(try client.get("/processRuns/\(id)")["statusCounts"].counts == ["running": 3])
        client.pass(10 * minute)
        #expect(try client.get("/processRuns/\(id)")["status"].text == "complete")
    }

    @Test func theTwoVersionsShowTheTreeInTheirOwnShape() throws {
        for (version, job, group) in [(preview, "job", "group"), (stable, "jobRun", "groupRun")] {
            var tree = process("a", jobs: 1)
            tree.root = .group(
                name: "Root", parallel: false,
                children: [
                    .group(name: "Inner", parallel: true, children: []),
                    .job(SandboxJob(.contentRequest, title: "T", durationMilliseconds: 1...1)),
                ])
            var client = try loggedIn(scenario([tree]), version: version)
            let run = try client.get("/processRuns/\(try client.start("a"))")
            let children = run["root"]["children"]
            #expect(children[0][group]["name"].text == "Inner")
            #expect(children[0]["type"].text == "group")
            #expect(children[0][group]["children"] == .null)
            #expect(children[1][job]["action"].text == "contentRequest")
            #expect(children[1][job]["arguments"]["contentRequestArgs"]["title"].text == "T")
            #expect(run["jobRunMap"].keys.count == (version == stable ? 1 : 0))
            #expect((run["ipmBetaEnabled"] == .null) == (version == stable))
            #expect(run["statusCounts"].keys == [version == stable ? "Running" : "running"])
        }
    }

    @Test func aCertificationGeneratesItsSignersAndApprover() throws {
        var job = SandboxJob(.certification, title: "302", durationMilliseconds: minute...minute)
        job.signers = 3
        let tree = SandboxProcess(
            id: "a", name: "A", root: .group(name: "R", parallel: false, children: [.job(job)]))
        var client = try loggedIn(scenario([tree]))
        let id = try client.start("a")
        let run = try client.get("/processRuns/\(id)")
        let generated = run["root"]["children"][0]["job"]["generated"]
        #expect(generated["children"].items.count == 4)
        let signing = generated["children"][0]["group"]
        #expect(signing["parallel"] == .bool(true))
        #expect(signing["children"].items.count == 3)
        let first = signing["children"][0]["job"]
        #expect(first["action"].text == "certificationSignerGenerated")
        #expect(first["readOnly"] == .bool(true))
        // One certification, three signers, one approver, two finalizers.
        #expect(run["root"]["statusCounts"].counts == ["running": 4, "waiting": 3])
        #expect(client.state.run(id)?.jobCounts(at: client.now) == ["running": 4, "waiting": 3])
        let short = try client.get("/processRuns/\(id)?excludeGeneratedJobs=true")
        #expect(short["root"]["children"][0]["job"]["generated"] == .null)
        client.pass(minute)
        let later = try client.get("/processRuns/\(id)")
        #expect(
            later["root"]["statusCounts"].counts == ["running": 2, "complete": 5 - 1, "waiting": 1])
        client.pass(minute)
        #expect(try client.get("/processRuns/\(id)")["status"].text == "complete")
    }

    @Test func aRunWithoutAutoCloseWaitsForAPerson() throws {
        var open = process("a", minutes: 1)
        open.autoClose = false
        var client = try loggedIn(scenario([open]))
        let id = try client.start("a")
        client.pass(60 * minute)
        #expect(try client.get("/processRuns/\(id)")["status"].text == "running")
        client.state.setRunStatus(id, .complete, at: client.now)
        client.pass(minute)
        let run = try client.get("/processRuns/\(id)")
        #expect(run["status"].text == "complete")
        #expect(run["completedDate"].text == "2026-05-28T21:26:40Z")
    }

    @Test func peopleCancelReopenAndBreakRuns() throws {
        var client = try loggedIn(scenario([process("a", minutes: 10, jobs: 2)]))
        let id = try client.start("a")
        func look() throws -> (String?, [String: Int64]) {
            let run = try client.get("/processRuns/\(id)")
            return (run["status"].text, run["root"]["statusCounts"].counts)
        }
        client.pass(15 * minute)
        client.state.setRunStatus(id, .cancelled, at: client.now)
        #expect(try look() == ("cancelled", ["complete": 1, "cancelled": 1]))
        client.pass(100 * minute)
        client.state.setRunStatus(id, .running, at: client.now)
        #expect(try look() == ("running", ["complete": 1, "running": 1]))
        client.pass(2 * minute)
        client.state.setRunStatus(id, .errorHold, at: client.now)
        #expect(try look() == ("errorHold", ["complete": 1, "errorHold": 1]))
        client.pass(100 * minute)
        client.state.setRunStatus(id, .running, at: client.now)
        client.pass(3 * minute - 1)
        #expect(try look() == ("running", ["complete": 1, "running": 1]))
        client.pass(1)
        #expect(try look() == ("complete", ["complete": 2]))
        client.pass(minute)
        client.state.setRunStatus(id, .running, at: client.now)
        #expect(try look() == ("running", ["complete": 1, "running": 1]))
        client.pass(10 * minute)
        #expect(try look() == ("complete", ["complete": 2]))
        client.state.setRunStatus(id, RunStatus("sleeping"), at: client.now)
        #expect(try look().0 == "sleeping")
    }

    @Test func revisionsRiseAndModifiedFollowsEveryChange() throws {
        var client = try loggedIn(scenario([process("a", minutes: 10, jobs: 2)]))
        let id = try client.start("a")
        var last: (Double, Instant) = (0, Instant(milliseconds: 0))
        let changes: [RunStatus?] = [
            nil, .error, .running, .cancelled, .running, nil, .complete, .running,
        ]
        for change in changes {
            client.pass(3 * minute)
            if let change { client.state.setRunStatus(id, change, at: client.now) }
            let body = try client.get("/processRuns/\(id)")
            guard case .number(let revision) = body["revision"] else { return #expect(Bool(false)) }
            let modified = try #require(client.state.run(id)).modified(at: client.now)
            #expect(revision >= last.0 + (change == nil ? 0 : 1))
            #expect(modified >= last.1 && modified <= client.now)
            if change != nil { #expect(modified == client.now) }
            last = (revision, modified)
        }
    }

    @Test func runsEndAsTheirWeightsSay() throws {
        var bad = process("a", minutes: 10)
        bad.endings.complete = 1
        bad.endings.cancelled = 1
        bad.endings.error = 1
        bad.endings.errorHold = 1
        bad.endings.healsAfterMilliseconds = 30 * minute
        var client = try loggedIn(scenario([bad]))
        var seen: [String: Int] = [:]
        var ids: [String] = []
        for _ in 0..<200 { ids.append(try client.start("a")) }
        client.pass(19 * minute)
        for id in ids {
            seen[try #require(client.state.run(id)).status(at: client.now).raw, default: 0] += 1
        }
        #expect(seen.keys.sorted() == ["cancelled", "error", "errorHold", "running"])
        #expect(seen.values.allSatisfy { (25...90).contains($0) })
        client.pass(60 * minute)
        let after = Set(ids.map { client.state.run($0)?.status(at: client.now) })
        #expect(after == [.complete, .cancelled])
    }
}
