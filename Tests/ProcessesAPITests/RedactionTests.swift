import Foundation
import ProcessesAPI
import Testing

@Suite("Echoed secrets")
struct RedactionTests {
    private static let secret = "wk_secret:Zm9v/bar+baz==&<x>"
    private static let token = "tok~en.4711-ABC/def+ghi="
    private static let credential = APICredential(
        clientID: Secret("client one"), clientSecret: Secret(secret))
    private static let redaction = Redaction([Secret(token)], credential: credential)

    /// What endpoints make of what they were sent.
    static let echoes: [String] = [secret, token].flatMap { text in
        let data = Data(text.utf8)
        let percent = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let slashes = text.replacing("/", with: "\\/")
        return [
            text, percent,
            percent.replacing("%2B", with: "%2b").replacing("%2F", with: "%2f")
                .replacing("%3A", with: "%3a").replacing("%3C", with: "%3c")
                .replacing("%3D", with: "%3d").replacing("%3E", with: "%3e")
                .replacing("%5F", with: "%5f").replacing("%2E", with: "%2e")
                .replacing("%2D", with: "%2d").replacing("%7E", with: "%7e"),
            percent.replacing("%", with: "%25"), slashes,
            slashes.replacing("&", with: "\\u0026").replacing("<", with: "\\u003c")
                .replacing(">", with: "\\u003e"),
            text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
                .replacing(">", with: "&gt;"),
            data.map { String(format: "%02x", $0) }.joined(),
            data.base64EncodedString(),
            data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: ""),
            Data("Bearer \(text)".utf8).base64EncodedString(),
            Data("{\"x\":\"\(text)\"}".utf8).base64EncodedString(),
            Data("ab\(text)cd".utf8).base64EncodedString(),
            Data("client one:\(text)".utf8).base64EncodedString(),
        ]
    }

    /// The parts that tell a secret, wherever it begins in Base64.
    private static func isTold(_ text: String) -> Bool {
        let low = text.lowercased()
        let marks = ["wk_secret", "zm9v/bar", "zm9v%2f", "tok~en", "4711-abc", "776b5f7365"]
        let inner = [secret, token].flatMap { value in
            (0..<3).map { shift in
                let bytes = [UInt8](repeating: 0, count: shift) + Array(value.utf8)
                let whole = Data(bytes).base64EncodedString()
                return String(whole.dropFirst(8).prefix(12))
            }
        }
        return marks.contains { low.contains($0) } || inner.contains { text.contains($0) }
    }

    @Test(
        "No failure holds a secret in any form, wherever it was echoed", arguments: echoes.indices)
    func failures(index: Int) {
        let echo = Self.echoes[index]
        let quoted = echo.replacing("\"", with: "'")
        let bodies = [
            "<html>You sent: \(echo)</html>", #"{"code":"500","message":"got \#(quoted)"}"#,
            #"{"code":"\#(quoted)","target":"\#(quoted)","meta":{"a":"\#(quoted)"}}"#,
            #"{"code":"c","details":[{"message":"\#(quoted)"}],"documentationUrl":"\#(quoted)"}"#,
            #"{"error":"invalid_client","error_description":"\#(quoted)"}"#, echo,
            String(repeating: "x", count: 190) + echo,
        ]
        for body in bodies {
            for call in ClassificationTests.calls {
                for status in [200, 400, 401, 500] {
                    let type = status == 401 ? "text/\(echo)" : "application/json"
                    let failure = decoded(call, status: status, type: type, body: body).failure
                    var text = ""
                    dump(failure, to: &text)
                    #expect(!Self.isTold(text), "\(echo) \(call.operation) \(status): \(text)")
                }
            }
        }
    }

    @Test("Names of processes and runs, findings and trees hold none either")
    func values() {
        let token = Self.token
        var texts = ["", "", ""]
        dump(
            decoded(
                .listProcesses(next: nil), status: 200, type: "application/json",
                body: #"{"data":[{"id":"p","name":"a \#(token) b"}]}"#
            ).page, to: &texts[0])
        let run = decoded(
            .getRun(id: "r"), status: 200, type: "application/json",
            body:
                #"{"id":"r","status":"running","name":"\#(token)","root":{"name":"\#(token)","children":[]}}"#
        ).run
        dump(run, to: &texts[1])
        texts[1] += String(decoding: run?.treeJSON ?? [], as: UTF8.self)
        dump(
            decoded(
                .validate(process: "p"), status: 200, type: "application/json",
                body: #"{"errors":[{"code":"c","message":"\#(token)"}]}"#
            ).result, to: &texts[2])
        for text in texts {
            #expect(!Self.isTold(text))
            #expect(text.contains(Redaction.word))
        }
    }

    @Test("What isn't a secret stays, and short secrets are words of every answer")
    func others() {
        let short = Redaction([Secret("data"), Secret("")])
        let body = #"{"data":[{"id":"p","name":"data"}]}"#
        let answer = APIAnswer.decoding(
            .listProcesses(next: nil), endpoint: endpoint,
            outcome: .success(APIResponse(status: 200, headers: [], body: Array(body.utf8))),
            redaction: short, receivedAt: noon)
        #expect(answer.page?.processes.map(\.name) == ["data"])
        let failure = decoded(
            .getRun(id: "r"), status: 404, type: "application/json",
            body: #"{"code":"NotFound","message":"run r is not there"}"#
        ).failure
        #expect(failure?.message == "run r is not there")
    }

    private func decoded(
        _ call: APICall, status: Int, type: String, body: String
    ) -> APIAnswer {
        .decoding(
            call, endpoint: endpoint,
            outcome: .success(
                APIResponse(
                    status: status, headers: [("Content-Type", type)], body: Array(body.utf8))),
            redaction: Self.redaction, receivedAt: noon)
    }
}
