import Foundation
import ProcessesAPI
import Testing
import Timetable

@Suite("Classification of failures")
struct ClassificationTests {
    static let start = APICall.startRun(process: "p", sendCompleteEmail: false)
    static let calls: [APICall] = [
        .token, .listProcesses(next: nil), start, .getRun(id: "r"), .validate(process: "p"),
    ]

    /// Bodies, and whether they are the API's own error.
    static let bodies: [(body: String, isOwn: Bool)] = [
        ("", false),
        (#"{"code":"Collision","message":"x","documentationUrl":null,"future":{"x":[]}}"#, true),
        (#"{"code":"invalidUser"}"#, true),
        (#"{"message":"Service Unavailable"}"#, false),
        (#"{"code":503,"message":"upstream"}"#, false),
        (#"{"code":"","message":"upstream"}"#, false),
        (#"{"error":{"code":503,"message":"backend"}}"#, false),
        (#"[{"code":"a"}]"#, false),
        (#"{"code":"a""#, false),
        (#"{"code":"a"} trailing"#, false),
        ("<html><body><h1>503 Service Unavailable</h1></body></html>", false),
    ]

    static let refused: Set<Int> = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503]

    @Test("Each status with each body is what docs/protocol.md, rule 4 says")
    func statuses() {
        let statuses = Array(100...599) + [0, -1, 999]
        for call in Self.calls where call != .token {
            for (body, isOwn) in Self.bodies {
                for status in statuses where status != 200 && !(status == 201 && call.isStart) {
                    let failure = answer(to: call, status: status, body: body).failure
                    let isRefused = isOwn && Self.refused.contains(status)
                    #expect(
                        failure?.kind == (isRefused ? .refused : .ambiguous), "\(status) \(body)")
                    #expect(failure?.httpStatus == status)
                    #expect(failure?.origin == (isOwn ? .api : .gateway), "\(status) \(body)")
                }
            }
        }
    }

    @Test("A good status with a body that can't be read is ambiguous, and a run needs an id")
    func unreadable() {
        let bodies = [
            "", "null", "[]", "\"r\"", "{", "{}", "<html>", #"{"id":null}"#, #"{"id":""}"#,
            #"{"id":7,"status":"waiting"}"#, #"{"id":"../x","status":"waiting"}"#,
            #"{"status":"waiting"}"#, #"{"id":"r"} x"#, #"{"id":"r",}"#, #"{"id":"r""#,
            #"{"id":"r","x":01}"#, #"{"id":"r","x":nul}"#, #"{"id":"r","x":"\x"}"#,
            #"{"id":"r","x":"\u12"}"#, #"{id:"r"}"#, #"{"id":"r","x":[1 2]}"#,
            "{\"id\":\"\(String(repeating: "r", count: 65))\"}",
        ]
        for body in bodies {
            for status in [200, 201] {
                let failure = answer(to: Self.start, status: status, body: body).failure
                #expect(failure?.kind == .ambiguous, "\(body)")
                #expect(failure?.label == "unreadable")
                #expect(failure?.httpStatus == status)
            }
        }
    }

    @Test("No nesting exhausts the stack, closed or not, at any place")
    func depthBomb() {
        for depth in [400, 999, 5_000, 200_000] {
            for (open, close) in [
                ("[", "]"), (#"{"a":"#, "}"), (#"[{"a":["#, "]}]"), (#"{"error":"#, "}"),
            ] {
                let bomb = String(repeating: open, count: depth)
                let whole = bomb + "1" + String(repeating: close, count: depth)
                for text in [
                    bomb, whole, #"{"id":"r","x":\#(whole)}"#, #"{"code":"c","meta":\#(whole)}"#,
                ] {
                    for call in Self.calls {
                        _ = answer(to: call, status: 200, body: text)
                    }
                    _ = answer(to: Self.start, status: 503, body: text)
                }
            }
            let group = String(repeating: #"{"children":[{"groupRun":"#, count: depth)
            let end = String(repeating: "}]}", count: depth)
            let tree = #"{"id":"r","root":\#(group){"children":[]}\#(end)}"#
            // Each group is three levels of JSON.
            let failure = answer(to: .getRun(id: "r"), status: 200, body: tree).failure
            #expect(failure?.kind == .ambiguous)
            #expect(failure?.summary.contains("nested too deeply") == true)
        }
    }

    @Test("Transport failures: only what is certainly not sent is not ambiguous")
    func transportFailures() {
        let head = APIResponse(
            status: 201,
            headers: [("Retry-After", "9"), ("Date", "Mon, 23 Nov 2026 11:00:00 GMT")],
            body: [])
        let refusal = APIResponse(status: 404, headers: [], body: [])
        let cases: [(TransportFailure, APIFailure.Kind, Int?, String)] = [
            (.notSent(reason: "no", isCertificate: false), .notSent, nil, "not_sent"),
            (.notSent(reason: "no", isCertificate: true), .notSent, nil, "certificate"),
            (.deadline, .ambiguous, nil, "deadline"),
            (.lost("gone"), .ambiguous, nil, "lost"),
            (.bodyTooLarge(limit: 9), .ambiguous, nil, "body_too_large"),
            (.afterHead(head, .deadline), .ambiguous, 201, "deadline"),
            (.afterHead(head, .bodyTooLarge(limit: 9)), .ambiguous, 201, "body_too_large"),
            (.afterHead(refusal, .lost("gone")), .ambiguous, 404, "lost"),
            (.afterHead(refusal, .bodyTooLarge(limit: 9)), .ambiguous, 404, "body_too_large"),
        ]
        for (failure, kind, status, label) in cases {
            let answer = APIAnswer.decoding(
                Self.start, endpoint: endpoint, outcome: .failure(failure), receivedAt: noon)
            #expect(answer.failure?.kind == kind, "\(failure)")
            #expect(answer.failure?.httpStatus == status)
            #expect(answer.failure?.label == label)
            #expect(answer.failure?.isCertificate == (label == "certificate"))
            if status == 201 {
                #expect(answer.failure?.hint?.delaySeconds == 9)
                #expect(answer.serverDate == noon.adding(milliseconds: -3_600_000))
            }
        }
    }

    @Test("Every field of an error is kept, meta and details as they came")
    func fields() {
        let failure = answer(
            to: Self.start, status: 400,
            body: #"""
                {"code":"invalidUser","message":"no \u00e4ss\ud83d\ude00ignee","target":"job1",
                 "documentationUrl":"https://d","version":"v","details":[ {"code":"a"}, null ],
                 "meta":{"jobId":"j", "n":[1.50]},"future":{"x":[{}]}}
                """#
        ).failure
        #expect(failure?.code == "invalidUser")
        #expect(failure?.message == "no äss😀ignee")
        #expect(failure?.target == "job1")
        #expect(failure?.documentationURL == "https://d")
        #expect(failure?.details == #"[ {"code":"a"}, null ]"#)
        #expect(failure?.meta == #"{"jobId":"j", "n":[1.50]}"#)
        #expect(
            failure?.summary.hasPrefix("runProcess was refused with HTTP 400 (invalidUser): no")
                == true)
    }

    @Test("The token endpoint's errors have names of their own")
    func iamError() {
        let failure = answer(
            to: .token, status: 401,
            body: #"{"error":"invalid_client","error_description":"bad","error_uri":"https://u"}"#
        ).failure
        #expect(failure?.kind == .refused)
        #expect(failure?.code == "invalid_client")
        #expect(failure?.message == "bad")
        #expect(failure?.documentationURL == "https://u")
    }

    @Test("Odd types and nulls cost their field only")
    func oddTypes() {
        let failure = answer(
            to: .getRun(id: "r"), status: 500,
            body: #"{"code":"c","message":null,"target":{},"meta":null,"details":7}"#
        ).failure
        #expect(failure?.code == "c" && failure?.message == nil && failure?.target == nil)
        #expect(failure?.meta == nil)
        #expect(failure?.details == "7")
    }

    @Test("A hint in a body that isn't JSON is obeyed too")
    func plainTextHint() {
        let failure = answer(
            to: .getRun(id: "r"), status: 503, body: "<p>Please try again in 30 seconds.</p>"
        ).failure
        #expect(failure?.hint == RetryHint(delaySeconds: 30))
        #expect(failure?.kind == .ambiguous)
    }

    @Test("A summary is one bounded line, whatever the message holds")
    func summary() {
        let nasty = "a\u{1B}[31m\nb\u{202E}\u{0}" + String(repeating: "€", count: 5_000)
        let failure = answer(to: Self.start, status: 500, json: ["code": "c", "message": nasty])
            .failure
        let summary = failure?.summary ?? ""
        #expect(summary.utf8.count <= 1_024)
        #expect(!summary.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(summary.contains(#"a\u{1b}[31m\u{a}b\u{202e}\u{0}€"#))
        #expect(failure?.message == nasty)
    }

    @Test("Labels are few")
    func labels() {
        let labels = Set(
            (0...1_000).compactMap { answer(to: Self.start, status: $0, body: "").failure?.label })
        #expect(labels.count < 25)
    }

    @Test("Large fields are cut, and JSON stays JSON")
    func largeFields() {
        let long = String(repeating: "x", count: 200_000)
        let failure = answer(
            to: Self.start, status: 400,
            body: #"{"code":"c","message":"\#(long)","meta":{"a":"\#(long)"}}"#
        ).failure
        #expect(failure?.message?.utf8.count ?? .max < 70_000)
        #expect(failure?.meta == #"{"truncatedBytes":200008}"#)
    }
}
