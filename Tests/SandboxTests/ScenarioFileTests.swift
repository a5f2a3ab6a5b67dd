import ProcessesAPI
import Sandbox
import Testing
import Timetable

@Suite struct ScenarioFileTests {
    private func mistake(_ json: String) -> String? {
        do throws(ScenarioError) {
            _ = try Scenario(json: Array(json.utf8))
            return nil
        } catch {
            return error.description
        }
    }

    @Test func aFileWithEverything() throws {
        let json = """
            {"apiVersions": ["2026-01-01"], "tokenLifetimeSeconds": 60, "latencyMilliseconds": [1, 9],
             "listDelayMilliseconds": 500, "readDelayMilliseconds": null, "secondRun": "conflictWhileOpen",
             "clockSkewMilliseconds": -1000, "writesMilliseconds": false,
             "rateLimit": {"requests": 5, "windowSeconds": 10, "sendsHeader": true, "hintSeconds": 3},
             "clients": [{"id": "c", "secret": "s", "user": "u", "scopes": ["file:read"]}],
             "processes": [{"id": "p-1", "name": "P", "autoClose": false, "dueDate": "2026-12-31",
               "startDelayMilliseconds": [1, 2], "endings": {"error": 0.5, "healsAfterMilliseconds": 10},
               "validationErrors": [{"jobNumber": 1}],
               "children": [{"group": "G", "parallel": true, "children": [
                 {"job": "sendTask", "title": "T", "durationMilliseconds": 5, "hasApprover": true},
                 {"job": "certification", "signers": 4}]}]}],
             "faults": [{"fault": "error", "status": 500, "acts": true, "operation": "runProcess",
               "nth": 2, "times": 1, "probability": 0.5, "fromSeconds": 1, "toSeconds": 2,
               "delayMilliseconds": 7, "message": "M", "retryAfter": "banana"}]}
            """
        let read = try Scenario(json: Array(json.utf8))
        #expect(read.apiVersions == ["2026-01-01"])
        #expect(read.latencyMilliseconds == 1...9)
        #expect(read.listDelayMilliseconds == 500...500)
        #expect(read.secondRun == .conflictWhileOpen)
        #expect(read.clients[0].scopes == ["file:read"])
        #expect(read.rateLimit?.hintSeconds == 3)
        #expect(read.processes[0].endings.healsAfterMilliseconds == 10)
        let rule = read.faults[0]
        #expect(rule.fault.answer == .error(status: 500))
        #expect(rule.fault.effect == .happens(afterMilliseconds: 0))
        #expect(rule.fault.headers[0].value == "banana")
        #expect(rule.window == 1000..<2000)
        #expect(rule.nth == 2 && rule.times == 1 && rule.probability == 0.5)
        #expect(try Scenario(json: Array(#"{"sample": true}"#.utf8)).processes.count == 5)
        #expect(try Scenario(json: Array(#"{"faults": []}"#.utf8)).processes.count == 5)
        #expect(try Scenario(json: Array(#"{"sample": false}"#.utf8)).processes.isEmpty)
    }

    @Test func everyFaultWordIsUnderstood() throws {
        let words = [
            "lostBefore", "lostAfter", "error", "foreign", "conflict", "rateLimited", "slow",
            "garbage", "empty", "truncated", "cut", "withoutID", "withoutTree", "oversized",
            "revokeTokens",
            "hideRun", "skewDate", "hideDate", "listReversed", "listShifted", "listWithoutRuns",
            "listLoops", "foreignNextLink", #"redirect","to":"https://e.example"#,
            #"listWithout","missing":"p"#, "gateway", "echo", "oddStatus", "compressed",
            "zeroHint", "replayed", "listCached", #"nextLinkUnder","base":"http://internal:1"#,
            #"gateway","page":"numericCode"#,
        ]
        for word in words {
            let word = word.contains(",") ? word : word + "\""
            let closed = word.hasSuffix("\"") ? word : word + "\""
            #expect(mistake(#"{"faults":[{"fault":""# + closed + "}]}") == nil, "\(word)")
        }
    }

    @Test func mistakesAreNamedByTheirPath() {
        let cases = [
            ("", "not a JSON text"),
            ("[]", "an object is expected"),
            (#"{"speed": 1}"#, "speed: unknown key"),
            (#"{"processes": [{"id": "p"}]}"#, "processes[0].name: is missing"),
            (
                #"{"processes": [{"id": "a/b", "name": ""}]}"#,
                "processes[0].id: 1 to 64 of A-Z a-z 0-9 _ - expected"
            ),
            (
                #"{"processes": [{"id": "p", "name": "P", "children": [{"job": "dance"}]}]}"#,
                "processes[0].children[0].job: dance is none of sendTask, contentRequest, certification"
            ),
            (#"{"latencyMilliseconds": [2, 1]}"#, "latencyMilliseconds: the range is upside down"),
            (
                #"{"latencyMilliseconds": [2]}"#,
                "latencyMilliseconds: a number or [from, to] is expected"
            ),
            (
                #"{"clockSkewMilliseconds": 1e300}"#,
                "clockSkewMilliseconds: a whole number up to 10^15 is expected"
            ),
            (
                #"{"rateLimit": {"requests": 0, "windowSeconds": 1}}"#,
                "rateLimit: requests and windowSeconds above 0 are expected"
            ),
            (
                #"{"faults": [{"fault": "error", "status": 200}]}"#,
                "faults[0].status: 400 to 599 is expected"
            ),
            (
                #"{"faults": [{"fault": "oddStatus", "status": 1000}]}"#,
                "faults[0].status: 0 to 999 is expected"
            ),
            (
                #"{"faults": [{"fault": "gateway", "page": "pdf"}]}"#,
                "faults[0].page: pdf is none of html, empty, plain, message, error, numericCode, "
                    + "array, problem, xml, mistyped"
            ),
            (#"{"faults": [{"fault": "lostAfter", "nht": 1}]}"#, "faults[0].nht: unknown key"),
            (
                #"{"secondRun": "maybe"}"#,
                "secondRun: maybe is none of allowed, conflictWhileOpen, conflict"
            ),
        ]
        for (json, words) in cases { #expect(mistake(json) == words, "\(json)") }
    }
}
