import Foundation
import ProcessesAPI
import Testing
import Timetable

@Suite("Good answers")
struct DecodingTests {
    static let start = APICall.startRun(process: "p", sendCompleteEmail: false)

    /// The preview's shape: `job`, plain ids, no seconds.
    static let preview = #"""
        {"id":"run1","process":"p","name":"Close - Run","status":"running",
         "created":{"dateTime":"2026-11-23T11:59:00Z","user":{"id":"u1"}},
         "modified":{"dateTime":"2026-11-23T12:59Z","user":null},
         "dueDate":"2026-12-31","managerUser":"u1","autoClose":true,"revision":3,
         "ipmBetaEnabled":false,"statusCounts":{"waiting":2,"bad":-1,"worse":1.5,"w":"3","h":1e30},
         "root":{"id":"g0","parallel":false,"readOnly":false,"status":"running","children":[
           {"type":"job","job":{"id":"j1","action":"sendTask","actionStatus":"waiting",
              "status":"waiting","arguments":{"type":"sendTask","sendTaskArgs":{"title":"Tie out"}}}},
           {"type":"group","group":{"id":"g1","parallel":true,"children":[
              {"type":"job","job":{"id":"j2","status":"complete"}},
              {"type":"job","job":{"id":"j3","status":"paused"}}]}}]}}
        """#

    /// The shape of 2026-01-01: `jobRun`, `groupRun`, generated jobs, fractions, a job map.
    static let main = #"""
        {"root":{"children":[
           {"jobRun":{"id":"j1","action":"certification","status":"running","generated":{"children":[
              {"jobRun":{"id":"j4","status":"error","errorCode":"ACTION_EXECUTION_FAILED"}},
              {"groupRun":{"children":[{"jobRun":{"id":"j5","status":"errorHold"}}]}}]}}},
           {"type":"group","groupRun":{"children":null}},
           {"type":"job","jobRun":null,"job":{"id":"j6"}},
           {"jobRun":{"id":"j7","status":"complete"},"job":{"id":"j7","status":"complete"}},
           null, 7, {"type":"job"}]},
         "jobRunMap":{"j1":{"id":"j1","status":"running"}},
         "completedDate":"2026-11-23T12:00:00.1234567+01:00","status":"complete","id":"run2",
         "managerUser":{"id":"u2"},"created":{"dateTime":"rubbish"},"revision":99999999999999999999}
        """#

    @Test("The preview's run")
    func previewRun() throws {
        let run = try #require(answer(to: Self.start, status: 201, body: Self.preview).run)
        #expect(run.id == "run1" && run.process == "p" && run.name == "Close - Run")
        #expect(run.status == .running && run.status.isOpen)
        #expect(run.created == noon.adding(milliseconds: -60_000))
        #expect(run.createdBy == "u1")
        #expect(run.modified == noon.adding(milliseconds: 3_540_000))
        #expect(run.completed == nil)
        #expect(run.dueDate == "2026-12-31" && run.managerUser == "u1" && run.revision == 3)
        #expect(run.statusCounts == ["waiting": 2])
        #expect(run.jobCounts == ["waiting": 1, "complete": 1, "paused": 1])
        #expect(run.treeJSON == Array(Self.preview.utf8))
        #expect(!run.isTreeTruncated)
        let job = JobRun(
            id: "j1", action: "sendTask", actionStatus: "waiting", status: .waiting,
            title: "Tie out")
        #expect(run.root?.children.first == .job(job))
        guard case .group(let group)? = run.root?.children.last else {
            Issue.record("no group")
            return
        }
        #expect(group.id == "g1" && group.parallel && group.children.count == 2)
    }

    @Test("The main version's run, with generated jobs counted and nulls passed over")
    func mainRun() throws {
        let run = try #require(answer(to: .getRun(id: "run2"), status: 200, body: Self.main).run)
        #expect(run.status == .complete && !run.status.isOpen)
        #expect(
            run.jobCounts
                == ["running": 1, "error": 1, "errorHold": 1, "unknown": 1, "complete": 1])
        #expect(run.completed == Instant(milliseconds: noon.milliseconds - 3_600_000 + 123))
        #expect(run.managerUser == "u2")
        #expect(run.created == nil && run.revision == nil)
        #expect(run.root?.children.count == 4)
    }

    @Test("Unknown statuses are kept as they are and are open")
    func unknownStatus() throws {
        let run = answer(to: Self.start, status: 201, body: #"{"id":"r","status":"snoozed"}"#).run
        #expect(run?.status.raw == "snoozed" && run?.status.isOpen == true)
        #expect(run?.status.isKnown == false)
        let missing = answer(to: Self.start, status: 201, body: #"{"id":"r","status":null}"#).run
        #expect(missing?.status.isOpen == true)
        let bare = answer(to: Self.start, status: 200, body: "\u{FEFF} {\"id\":\"r\"}\n").run
        #expect(bare?.id == "r")
    }

    @Test("A read of a run must show that run")
    func otherRun() {
        let call = APICall.getRun(id: "r1")
        #expect(answer(to: call, status: 200, body: #"{"status":"running"}"#).run?.id == "r1")
        #expect(answer(to: call, status: 200, body: "{}").failure?.label == "unreadable")
        let other = answer(to: call, status: 200, body: #"{"id":"r2","status":"running"}"#)
        #expect(other.failure?.label == "unreadable")
        // One without a status tells less than a list does, and would open a run that has ended.
        for status in ["", #","status":null"#, #","status":["complete"]"#, #","status":7"#] {
            let bare = answer(to: call, status: 200, body: #"{"id":"r1"\#(status)}"#)
            #expect(bare.failure?.label == "unreadable", "\(status)")
        }
    }

    @Test("An answer that names two runs names none")
    func twoRuns() {
        for body in [
            #"{"id":"r1","status":"running","id":"r2"}"#, #"{"id":"r1","id":"","id":"r2"}"#,
        ] {
            let failure = answer(to: Self.start, status: 201, body: body).failure
            #expect(failure?.kind == .ambiguous && failure?.label == "unreadable", "\(body)")
        }
        let twice = answer(to: Self.start, status: 201, body: #"{"id":"r1","id":"r1"}"#)
        #expect(twice.run?.id == "r1")
    }

    @Test("Groups deeper than 64 aren't followed, and the run says so")
    func deepTree() {
        for (depth, isTruncated) in [(63, false), (64, true), (200, true)] {
            let open = String(repeating: #"{"children":[{"groupRun":"#, count: depth)
            let close = String(repeating: "}]}", count: depth)
            let job = #"{"children":[{"jobRun":{"status":"waiting"}}]}"#
            let run = answer(
                to: Self.start, status: 201, body: #"{"id":"r","root":\#(open)\#(job)\#(close)}"#
            ).run
            #expect(run?.isTreeTruncated == isTruncated)
            #expect(run?.jobCounts == (isTruncated ? [:] : ["waiting": 1]))
        }
    }

    @Test("A page of processes, with and without runs")
    func page() throws {
        let page = try #require(
            answer(
                to: .listProcesses(next: nil), status: 200,
                body: #"""
                    {"data":[
                      {"id":"p1","name":"Never","autoClose":true,"run":null,"dueDate":null},
                      {"id":"p2","name":"Once","modified":{"dateTime":"2026-11-23T12:00:00Z"},
                       "run":{"id":"r2","process":"p2","status":"complete","statusCounts":null,
                              "created":{"dateTime":"2026-11-23T12:00:00.5Z","user":{"id":"u"}},
                              "completedDate":"2026-11-23T12:00:01Z","managerUser":"m"}},
                      {"id":"p3","run":{"status":"running"}}, {"id":"p4","run":7},
                      {"name":"no id"}, null, {"id":"a/b"}],
                     "@nextLink":"https://api.app.wdesk.com/processes?$next=2"}
                    """#
            ).page)
        #expect(page.processes.map(\.id) == ["p1", "p2"])
        #expect(page.unreadableItems == 5)
        #expect(page.nextLink == "https://api.app.wdesk.com/processes?$next=2")
        #expect(page.processes[0].run == nil)
        #expect(page.processes[1].modified == noon)
        #expect(
            page.processes[1].run
                == RunSummary(
                    id: "r2", process: "p2", status: .complete,
                    created: noon.adding(milliseconds: 500), createdBy: "u",
                    completed: noon.adding(milliseconds: 1000), managerUser: "m"))
    }

    @Test("A list that goes on elsewhere is a look; only its path and query are used")
    func foreignLinks() throws {
        let call = APICall.listProcesses(next: nil)
        for (link, path) in [
            ("https://evil.example/processes?$next=2", "/processes?$next=2"),
            ("http://api.app.wdesk.com/processes?$next=2", "/processes?$next=2"),
            ("https://api.app.wdesk.com:8443/processes?$next=2", "/processes?$next=2"),
            ("https://evil.example/steal?$next=2", nil),
            ("//evil.example/processes?x", "/processes?x"),
            ("gopher://x/processes?x", "/processes?x"), ("//evil.example?x", nil),
            ("https://api.app.wdesk.com/processes?a b", nil), ("https:evil/processes?x", nil),
        ] {
            let body = #"{"data":[{"id":"p1","name":"n","run":null}],"@nextLink":"\#(link)"}"#
            let page = try #require(answer(to: call, status: 200, body: body).page)
            #expect(page.processes.map(\.id) == ["p1"])
            #expect(page.foreignLink == link)
            #expect(page.nextLink == path)
        }
    }

    @Test("A login in a link is used for nothing and shown to nobody")
    func loginInLink() throws {
        for (link, words, path) in [
            (
                "https://me:pass@word@evil.example/processes?x",
                "https://evil.example/processes?x", "/processes?x"
            ),
            ("//me:secret@api.app.wdesk.com/x?a@b", "//api.app.wdesk.com/x?a@b", nil),
            ("https://me:secret@", "https://", nil),
            ("https://me:secret@h\\x", "https://h\\x", nil),
        ] as [(String, String, String?)] {
            let json = link.replacing("\\", with: "\\\\")
            let page = try #require(self.page(nextLink: "\"\(json)\""))
            #expect(page.foreignLink == words)
            #expect(page.nextLink == path)
        }
    }

    @Test("Blanks around a link and a fragment behind it mean nothing")
    func untidyLinks() throws {
        let link = "https://api.app.wdesk.com/processes?$next=2"
        for text in [" \(link) ", "\(link)#top", "\t\(link)"] {
            let json = text.replacing("\t", with: "\\t")
            let page = try #require(self.page(nextLink: "\"\(json)\""))
            #expect(page.nextLink == link && page.foreignLink == nil)
        }
        for text in [" ", "#", "\\t"] {
            let page = try #require(self.page(nextLink: "\"\(text)\""))
            #expect(page.nextLink == nil && page.foreignLink == nil)
        }
    }

    @Test("A link that is no text says that the list goes on where nobody can follow")
    func unreadableLinks() throws {
        for json in ["7", #"{"href":"/processes?$next=2"}"#, "[]", "true"] {
            let page = try #require(self.page(nextLink: json))
            #expect(page.nextLink == nil && page.foreignLink?.isEmpty == false, "\(json)")
        }
    }

    private func page(nextLink json: String) -> ProcessPage? {
        let body = #"{"data":[{"id":"p1","name":"n","run":null}],"@nextLink":\#(json)}"#
        return answer(to: .listProcesses(next: nil), status: 200, body: body).page
    }

    @Test("A list without data is no look")
    func badPages() {
        let call = APICall.listProcesses(next: nil)
        for body in [
            "{}", #"{"data":null}"#, #"{"data":{}}"#, "[]",
        ] {
            #expect(answer(to: call, status: 200, body: body).failure?.kind == .ambiguous)
        }
        for end in ["", #","@nextLink":null"#, #","@nextLink":"""#] {
            let page = answer(to: call, status: 200, body: "{\"data\":[]\(end)}").page
            #expect(page == ProcessPage(processes: [], nextLink: nil))
        }
    }

    @Test("Tokens: scopes split, lifetimes bounded, other types refused")
    func tokens() {
        func token(_ body: String) -> AccessToken? {
            guard
                case .success(.token(let token)) = answer(to: .token, status: 200, body: body)
                    .result
            else { return nil }
            return token
        }
        #expect(
            token(
                #"{"access_token":"T","expires_in":599,"scope":"file:read  file:write","token_type":"Bearer"}"#
            )
                == AccessToken(
                    secret: Secret("T"), expiresInSeconds: 599, scopes: ["file:read", "file:write"])
        )
        #expect(token(#"{"access_token":"T"}"#)?.expiresInSeconds == 300)
        #expect(token(#"{"access_token":"T","expires_in":-5}"#)?.expiresInSeconds == 0)
        #expect(
            token(#"{"access_token":"T","expires_in":9999999999999}"#)?.expiresInSeconds == 86_400)
        for body in [
            "{}", #"{"access_token":""}"#, #"{"access_token":"a b"}"#, #"{"access_token":7}"#,
            #"{"access_token":"T","token_type":"mac"}"#,
        ] {
            #expect(token(body) == nil)
        }
    }

    @Test("Validation: an empty list is a clean bill, no list is none")
    func validation() {
        func errors(_ body: String) -> [APIErrorBody]? {
            let answer = answer(to: .validate(process: "p"), status: 200, body: body)
            guard case .success(.validation(let errors)) = answer.result else { return nil }
            return errors
        }
        #expect(errors(#"{"errors":[]}"#) == [])
        #expect(
            errors(#"{"errors":[{"code":"MISSING_REQUIRED_FIELD","target":"j1","meta":{"a":1}}]}"#)
                == [APIErrorBody(code: "MISSING_REQUIRED_FIELD", target: "j1", meta: #"{"a":1}"#)])
        #expect(errors("{}") == nil)
        #expect(errors(#"{"errors":null}"#) == nil)
    }

    @Test(
        "Date-times in all the forms that the documents show",
        arguments: [
            ("2026-11-23T12:00:00Z", 0), ("2026-11-23T12:00Z", 0), ("2026-11-23T12:00:00", 0),
            ("2026-11-23T12:00:00.9999999Z", 999), ("2026-11-23t13:00:00+01:00", 0),
            ("2026-11-23 07:00:00-0500", 0), ("2026-11-23", -43_200_000), ("2026-11-23T12Z", nil),
            ("2026-02-30T00:00:00Z", nil), ("2026-11-23T24:00:00Z", nil), ("now", nil), ("", nil),
            ("2026-11-23T12:00:00.Z", nil), ("2026-11-23T12:00:00Zx", nil),
        ] as [(String, Int64?)])
    func dateTimes(_ text: String, _ offset: Int64?) {
        let body = #"{"id":"r","created":{"dateTime":"\#(text)"}}"#
        let run = answer(to: Self.start, status: 201, body: body).run
        #expect(run != nil)
        #expect(run?.created == offset.map { noon.adding(milliseconds: $0) })
    }

    @Test("Bytes that aren't UTF-8 and lone surrogates don't cost the run")
    func badText() {
        let bytes =
            Array(#"{"id":"r","name":"a"#.utf8) + [0xFF, 0x0A] + Array(#"\ud800b\u0000"}"#.utf8)
        let run = APIAnswer.decoding(
            Self.start, endpoint: endpoint,
            outcome: .success(APIResponse(status: 201, headers: [], body: bytes)), receivedAt: noon
        ).run
        #expect(run?.name == "a\u{FFFD}\n\u{FFFD}b\u{0}")
    }
}
