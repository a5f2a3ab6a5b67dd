import Foundation
import ProcessesAPI
import Testing
import Timetable

@Suite("Secrets")
struct SecretTests {
    static let canary = "CANARY-4711"

    /// Everything that a log, a crash report or a careless interpolation could print.
    static func printed(_ value: Any) -> String {
        var dumped = ""
        dump(value, to: &dumped)
        return [String(describing: value), String(reflecting: value), "\(value)", dumped]
            .joined(separator: "\n")
    }

    @Test("No description, reflection or dump shows a token or a client secret")
    func canary() throws {
        let secret = Secret(Self.canary)
        let credential = APICredential(clientID: Secret(Self.canary), clientSecret: secret)
        let requests = [
            try APIRequest.encoding(.token, endpoint: endpoint, token: nil, credential: credential),
            try APIRequest.encoding(
                .getRun(id: "r"), endpoint: endpoint, token: secret, credential: credential),
        ]
        let body = #"{"access_token":"\#(Self.canary)","expires_in":5}"#
        let response = APIResponse(status: 200, headers: [], body: Array(body.utf8))
        let good = answer(to: .token, status: 200, body: body)
        // A token in a body that can't be read otherwise must not end in an error row.
        let bad = answer(to: .token, status: 200, body: body + "}")
        let odd = answer(to: .token, status: 500, body: body)
        let options = AsyncHTTPTransportOptions(proxy: secret)
        let values: [Any] = [
            secret, credential, requests, [secret], ["k": secret], Optional(secret) as Any,
            response,
            good, good.result, bad, odd, options, TransportFailure.afterHead(response, .deadline),
            APIEncodingError.noToken, TransportSetupError.badProxy,
        ]
        for value in values {
            let text = Self.printed(value)
            #expect(!text.contains(Self.canary))
            #expect(
                !text.contains(String(describing: Array(Self.canary.utf8.prefix(4))).dropLast()))
        }
        #expect(
            requests[0].body.map { String(decoding: $0, as: UTF8.self) }?.contains(Self.canary)
                == true)
    }

    @Test("A secret doesn't even show its length")
    func length() {
        #expect("\(Secret("a"))" == "\(Secret("abc"))")
    }
}
