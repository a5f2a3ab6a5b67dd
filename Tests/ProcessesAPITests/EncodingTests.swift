import Foundation
import ProcessesAPI
import Testing

@Suite("Requests")
struct EncodingTests {
    static let credential = APICredential(
        clientID: Secret("id&x"), clientSecret: Secret("wk_secret:a+b/c=ü"))

    static func encode(
        _ call: APICall, base: String = endpoint.baseURL, token: String? = "tok"
    ) throws(APIEncodingError) -> APIRequest {
        try .encoding(
            call, endpoint: APIEndpoint(baseURL: base, apiVersion: "2026-01-01"),
            token: token.map(Secret.init), credential: credential)
    }

    /// Header fields by name; none is sent twice.
    static func fields(_ request: APIRequest) -> [String: String] {
        Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
    }

    /// A list out of a cache would tell that a run is absent.
    @Test("Every read asks caches to stay out of the way")
    func noCache() throws {
        for call in [
            APICall.listProcesses(next: nil), .getRun(id: "r"),
        ] {
            #expect(Self.fields(try Self.encode(call))["Cache-Control"] == "no-cache")
        }
    }

    @Test("The token request is a form with an encoded secret, and has no bearer")
    func token() throws {
        let request = try Self.encode(.token, token: nil)
        #expect(request.method == "POST")
        #expect(request.url == "https://api.app.wdesk.com/oauth2/token")
        #expect(
            String(decoding: request.body ?? [], as: UTF8.self)
                == "grant_type=client_credentials&client_id=id%26x"
                + "&client_secret=wk_secret%3Aa%2Bb%2Fc%3D%C3%BC")
        let fields = Self.fields(request)
        #expect(fields["Content-Type"] == "application/x-www-form-urlencoded")
        #expect(fields["X-Version"] == "2026-01-01")
        #expect(fields["Authorization"] == nil)
        #expect(!request.freshConnection)
    }

    static let calls: [(call: APICall, method: String, path: String, body: String?)] = [
        (.listProcesses(next: nil), "GET", "/processes?$maxpagesize=1000&$orderBy=name%20asc", nil),
        (
            .listProcesses(next: "JTI0bGltaXQ/+="), "GET",
            "/processes?$next=JTI0bGltaXQ%2F%2B%3D&$maxpagesize=1000&$orderBy=name%20asc", nil
        ),
        (
            .listProcesses(next: "https://API.app.wdesk.com:443/processes?$next=a%3D"), "GET",
            "/processes?$next=a%3D", nil
        ),
        (.listProcesses(next: "/processes?$next=abc"), "GET", "/processes?$next=abc", nil),
        (.listProcesses(next: "?$next=abc"), "GET", "/processes?$next=abc", nil),
        (.listProcesses(next: "processes?$next=abc"), "GET", "/processes?$next=abc", nil),
        (
            .startRun(process: "51bc_-Z", sendCompleteEmail: false), "POST",
            "/processes/51bc_-Z/run", #"{"sendProcessCompleteEmail":false}"#
        ),
        (
            .startRun(process: "p", sendCompleteEmail: true), "POST", "/processes/p/run",
            #"{"sendProcessCompleteEmail":true}"#
        ),
        (.getRun(id: "r-1"), "GET", "/processRuns/r-1", nil),
        (.validate(process: "p"), "POST", "/processes/p/validation", nil),
    ]

    @Test("Each call has its method, address, headers and body", arguments: calls.indices)
    func call(_ index: Int) throws {
        let expected = Self.calls[index]
        let request = try Self.encode(expected.call)
        #expect(request.method == expected.method)
        #expect(request.url == endpoint.baseURL + expected.path)
        #expect(request.body.map { String(decoding: $0, as: UTF8.self) } == expected.body)
        #expect(request.timeoutMilliseconds == 35_000)
        #expect(request.freshConnection == expected.call.isStart)
        let fields = Self.fields(request)
        #expect(fields["Authorization"] == "Bearer tok")
        #expect(fields["Accept"] == "application/json")
        #expect(fields["X-Version"] == "2026-01-01")
        #expect(fields["Content-Type"] == (expected.body == nil ? nil : "application/json"))
    }

    @Test(
        "The token follows no link to another origin",
        arguments: [
            "https://evil.example/processes?$next=a", "http://api.app.wdesk.com/processes?$next=a",
            "https://api.app.wdesk.com:8443/processes?$next=a",
            "https://api.app.wdesk.com@evil.example/processes?a=b", "//evil.example/processes?a=b",
            "https://api.app.wdesk.com.evil.example/processes?a", "ftp://api.app.wdesk.com/x?y",
            "/processes?$next=a\r\nX-Evil: 1", "/\\evil.example/x?y", "javascript:x?y", "",
            "https://api.app.wdesk.com?x", "/processes?" + String(repeating: "a", count: 9_000),
        ])
    func foreignLink(_ link: String) {
        #expect(throws: APIEncodingError.foreignLink(link)) {
            _ = try Self.encode(.listProcesses(next: link))
        }
    }

    @Test("A base URL may end with a slash, have a port, or be this machine without TLS")
    func goodAddresses() throws {
        for (base, url) in [
            ("https://api.eu.wdesk.com/", "https://api.eu.wdesk.com/processRuns/r"),
            ("https://h:8443", "https://h:8443/processRuns/r"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/processRuns/r"),
            ("http://127.9.0.1", "http://127.9.0.1/processRuns/r"),
            ("http://LOCALHOST:1", "http://LOCALHOST:1/processRuns/r"),
            ("http://[::1]:8080", "http://[::1]:8080/processRuns/r"),
        ] {
            #expect(try Self.encode(.getRun(id: "r"), base: base).url == url)
        }
    }

    @Test(
        "Other addresses are refused, plain http to other machines above all",
        arguments: [
            "http://api.app.wdesk.com", "http://10.0.0.1", "http://127.0.0.1.evil.example",
            "http://127.0.0.999", "http://user@127.0.0.1", "http://0.0.0.0", "http://[::2]",
            "https://", "https:/x", "api.app.wdesk.com", "https://h/path", "https://h?x",
            "https://h#x",
            "https://h:0", "https://h:65536", "https://h:x", "https://h h", "https://ü.de",
            "ftp://h", "",
        ])
    func badAddress(_ base: String) {
        #expect(throws: APIEncodingError.badAddress(base)) {
            _ = try Self.encode(.getRun(id: "r"), base: base)
        }
    }

    @Test(
        "An id that isn't one never gets into a path",
        arguments: ["", "a/b", "a b", "..", "a?b", "ü", "a\n", String(repeating: "a", count: 65)])
    func badIdentifier(_ id: String) {
        for call: APICall in [
            .getRun(id: id), .validate(process: id),
            .startRun(process: id, sendCompleteEmail: true),
        ] {
            #expect(throws: APIEncodingError.badIdentifier(id)) { _ = try Self.encode(call) }
        }
    }

    @Test("A missing or unprintable token, version or credential is an error that was not sent")
    func missing() {
        for token in [nil, "", "a b", "a\r\nX: y"] {
            #expect(throws: APIEncodingError.noToken) {
                _ = try Self.encode(.getRun(id: "r"), token: token)
            }
        }
        #expect(throws: APIEncodingError.noCredential) {
            _ = try APIRequest.encoding(.token, endpoint: endpoint, token: nil, credential: nil)
        }
        #expect(throws: APIEncodingError.badVersion) {
            try APIEndpoint(baseURL: "https://h", apiVersion: "a\nb").validate()
        }
        #expect(APIEncodingError.noToken.failure.kind == .notSent)
    }
}
