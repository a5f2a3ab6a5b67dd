import ProcessesAPI
import Testing

/// Answers of what stands in front of an API: none of them decides anything for good.
@Suite("Answers of gateways and firewalls")
struct GatewayTests {
    /// A content type, empty for none, and a body that isn't the API's own error.
    struct Page: Sendable, CustomTestStringConvertible {
        let type: String
        let body: String
        var testDescription: String { "\(type) \(body.prefix(60))" }

        init(_ type: String, _ body: String) {
            self.type = type
            self.body = body
        }
    }

    private static let json = "application/json"

    /// As nginx, F5, AWS, Google, Cloudflare, Zscaler, Azure, Kong, Apigee, Spring and others
    /// answer for the servers behind them.
    static let pages: [Page] = [
        Page(
            "text/html", "<html><head><title>403 Forbidden</title></head><body>nginx</body></html>"),
        Page(
            "text/html; charset=utf-8",
            "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"),
        Page(
            "text/html", "<html><body>The requested URL was rejected. Support ID: 123</body></html>"
        ),
        Page("text/html", "<html><title>Zscaler</title>Internet Security by Zscaler</html>"),
        Page("text/plain", "Forbidden"),
        Page("text/plain; charset=utf-8", "error code: 1020"),
        Page("", ""), Page("text/html", ""), Page(json, ""), Page("application/octet-stream", "x"),
        Page(json, #"{"error":"Forbidden"}"#), Page(json, #"{"message":"Forbidden"}"#),
        Page(json, #"{"message":"no Route matched with those values"}"#),
        Page(json, #"{"code":403,"message":"Forbidden"}"#),
        Page(json, #"{"code":"1020","message":"Access denied"}"#),
        Page(json, #"{"code":"","message":"Forbidden"}"#),
        Page(json, #"{"code":null,"message":"Forbidden"}"#),
        Page(json, #"{"code":{"value":"403"},"message":"Forbidden"}"#),
        Page(json, #"{"code":"Forbidden","message":{"en":"no"}}"#),
        Page(json, #"{"code":"Forbidden","message":"no","status":403}"#),
        Page(json, #"{"Code":"403","Message":"Forbidden"}"#),
        Page(json, #"{"error":{"code":"Forbidden","message":"no"}}"#),
        Page(json, #"{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}"#),
        Page(json, #"{"code":7,"message":"Method doesn't allow","details":[]}"#),
        Page(json, #"{"errors":[{"code":"403","message":"no"}],"success":false}"#),
        Page(json, #"{"errors":[]}"#), Page(json, #"{"data":[]}"#), Page(json, "{}"),
        Page(json, #"{"statusCode":401,"message":"Access denied"}"#),
        Page(json, #"{"__type":"ForbiddenException","code":"x"}"#),
        Page(json, #"{"code":"AUTH_REQUIRED","message":"Sign in","redirectUrl":"https://sso"}"#),
        Page(json, #"{"code":"Blocked","type":"about:blank","detail":"no","instance":"/x"}"#),
        Page(json, #"{"fault":{"faultstring":"no","detail":{"errorcode":"x"}}}"#),
        Page(json, #"{"timestamp":1,"status":404,"error":"Not Found","path":"/"}"#),
        Page("application/problem+json", #"{"type":"about:blank","title":"x","status":404}"#),
        Page(json, #"[{"code":"Forbidden","message":"no"}]"#), Page(json, #""Forbidden""#),
        Page(json, "null"), Page(json, "403"), Page(json, #"{"code":"Forbidden","mess"#),
        Page("text/html", #"{"code":"Forbidden","message":"the right shape"}"#),
        Page("text/plain", #"{"code":"Forbidden","message":"the right shape"}"#),
        Page("application/xml", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
        Page(json, "\u{FEFF}<html>"),
    ]

    @Test(
        "A start is in doubt, a question passes, and the words say who answered", arguments: pages)
    func passes(page: Page) {
        for call in ClassificationTests.calls {
            for status in Array(400...451) + [500, 501, 502, 503, 504, 520, 530] {
                let failure = answer(to: call, status: status, page).failure
                #expect(failure?.kind == .ambiguous, "\(call.operation) \(status)")
                #expect(failure?.origin == .gateway)
                #expect(failure?.apiStatus == nil && failure?.isAboutVersion == false)
                #expect(failure?.code == nil && failure?.message == nil && failure?.limit == nil)
                let type = page.type.prefix { $0 != ";" }
                let words =
                    "\(call.operation): a gateway answered, not the API: HTTP \(status), "
                    + (type.isEmpty ? "no content type" : type)
                #expect(failure?.summary.hasPrefix(words) == true, "\(failure?.summary ?? "")")
            }
        }
    }

    @Test("A huge page is read no further than its limit, and is nobody's refusal")
    func huge() {
        let body = #"{"code":"x","message":"\#(String(repeating: "x", count: 16 << 20))"# + "<"
        let failure = answer(to: ClassificationTests.start, status: 403, body: body).failure
        #expect(failure?.kind == .ambiguous)
        #expect(failure?.summary.utf8.count ?? .max <= 1_024)
    }

    @Test("The API's own errors are its own, also with a byte order mark or a problem's type")
    func own() {
        let start = ClassificationTests.start
        for (type, body) in [
            (Self.json, #"{"code":"404NotFound","message":"The process was not found."}"#),
            ("application/json;charset=utf-8", #"{"code":"404","message":"Not found"}"#),
            ("APPLICATION/JSON", #"{"message":null,"code":"NotFound","version":"2026-01-01"}"#),
            ("", "\u{FEFF}{\"code\":\"NotFound\",\"details\":[],\"meta\":{\"jobId\":\"j\"}}"),
            ("text/json", #" {"code":"NotFound","target":"p","documentationUrl":null} "#),
        ] {
            let failure = answer(to: start, status: 404, Page(type, body)).failure
            #expect(failure?.kind == .refused, "\(body)")
            #expect(failure?.origin == .api)
            #expect(failure?.apiStatus == 404)
            #expect(failure?.summary.hasPrefix("runProcess was refused with HTTP 404") == true)
        }
    }

    @Test("The token endpoint's own errors are those of OAuth", arguments: [400, 401, 403])
    func token(status: Int) {
        for word in ["invalid_client", "invalid_request", "access_denied", "unauthorized_client"] {
            let page = Page(Self.json, #"{"error":"\#(word)","error_description":"no"}"#)
            let failure = answer(to: .token, status: status, page).failure
            #expect(failure?.kind == .refused && failure?.origin == .api)
            // Elsewhere it is none.
            let other = answer(to: ClassificationTests.start, status: status, page).failure
            #expect(other?.kind == .ambiguous && other?.origin == .gateway)
        }
        for body in [
            #"{"code":"Forbidden","message":"no"}"#, #"{"error":"Forbidden"}"#,
            #"{"error":"blocked","error_description":"by policy"}"#,
            #"{"error":["invalid_client"]}"#, #"{"error":{"code":"invalid_client"}}"#,
        ] {
            let failure = answer(to: .token, status: status, Page(Self.json, body)).failure
            #expect(failure?.kind == .ambiguous && failure?.origin == .gateway, "\(body)")
        }
    }

    @Test("A validation's errors that aren't the API's are no finding")
    func validation() {
        for body in [
            #"{"errors":["no"]}"#, #"{"errors":[null]}"#, #"{"errors":[{}]}"#,
            #"{"success":false,"errors":[{"code":1020,"message":"no"}]}"#,
            #"{"errors":[{"status":403,"message":"no"}]}"#, #"{"errors":[{"error":"no"}]}"#,
            // What stands beside the list is nobody's finding either.
            #"{"errors":[{"message":"Unauthorized"}],"status":401}"#,
            #"{"errors":[{"code":"1020","message":"Access denied"}],"success":false}"#,
        ] {
            let answer = answer(to: .validate(process: "p"), status: 200, body: body)
            #expect(answer.failure?.kind == .ambiguous, "\(body)")
        }
        let page = Page("text/html", #"{"errors":[{"code":"x","message":"no"}]}"#)
        let failure = answer(to: .validate(process: "p"), status: 200, page).failure
        #expect(failure?.kind == .ambiguous && failure?.origin == .gateway)
    }

    @Test("A page in place of a good answer is said to be a gateway's")
    func goodStatus() {
        for call in ClassificationTests.calls {
            let page = Page("text/html", "<html>Please log in</html>")
            let failure = answer(to: call, status: 200, page).failure
            #expect(failure?.kind == .ambiguous && failure?.origin == .gateway)
            #expect(failure?.summary.contains("perhaps a gateway answered: text/html") == true)
        }
    }

    @Test("A body that is compressed in a way that isn't unpacked is said to be")
    func compressed() {
        let gzip: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        for (coding, body, word) in [
            ("br", [0x0B, 0x02, 0x80], "br"), ("zstd", [0x28, 0xB5, 0x2F, 0xFD], "zstd"),
            ("gzip, br", [1, 2], "gzip, br"), ("x-gzip", gzip, "gzip"), ("", gzip, "gzip"),
            ("Compress", [0x1F, 0x9D], "compress"),
        ] as [(String, [UInt8], String)] {
            for (call, status) in [
                (ClassificationTests.start, 201), (ClassificationTests.start, 404),
                (.listProcesses(next: nil), 200), (.token, 401), (.getRun(id: "r"), 503),
            ] {
                let response = APIResponse(
                    status: status,
                    headers: [("content-type", Self.json)]
                        + (coding.isEmpty ? [] : [("Content-Encoding", coding)]), body: body)
                let failure = APIAnswer.decoding(
                    call, endpoint: endpoint, outcome: .success(response), receivedAt: noon
                ).failure
                #expect(failure?.kind == .ambiguous && failure?.origin == .gateway)
                #expect(
                    failure?.summary.contains("it is \(word)-compressed though not asked for")
                        == true, "\(failure?.summary ?? "")")
            }
        }
    }

    @Test("Every request asks for bodies as they are")
    func identity() throws {
        let credential = APICredential(clientID: Secret("a"), clientSecret: Secret("b"))
        for call in ClassificationTests.calls {
            let request = try APIRequest.encoding(
                call, endpoint: endpoint, token: Secret("t"), credential: credential)
            let values = request.headers.filter { $0.name.lowercased() == "accept-encoding" }
            #expect(values.map(\.value) == ["identity"])
        }
    }

    private func answer(to call: APICall, status: Int, _ page: Page) -> APIAnswer {
        ProcessesAPITests.answer(
            to: call, status: status,
            headers: page.type.isEmpty ? [] : [("Content-Type", page.type)], body: page.body)
    }

    private func answer(to call: APICall, status: Int, body: String) -> APIAnswer {
        ProcessesAPITests.answer(to: call, status: status, body: body)
    }
}
