import ProcessesAPI
import Timetable

/// From the true answer to what arrives.
extension SandboxState {
    /// Does to an answer what the fault says.
    func disguise(
        _ reply: Reply, _ inquiry: Inquiry, afterMilliseconds: Int64
    ) -> SandboxOutcome {
        let fault = inquiry.fault
        var reply = reply
        switch fault.answer {
        case .lost:
            return fault.effect == .nothing
                ? .dropBefore(afterMilliseconds: afterMilliseconds)
                : .dropAfter(afterMilliseconds: afterMilliseconds)
        case .unreachable(let isCertificate):
            return .unreachable(
                isCertificate: isCertificate, afterMilliseconds: afterMilliseconds)
        case .normal, .cut: break
        case .error(let status):
            let message = fault.message ?? "The request could not be completed."
            reply =
                inquiry.route == .token
                ? iamError(status, Self.iamWord(status), message)
                : error(inquiry, status, message)
        case .foreign(let status):
            return gatewayPage(status, .html, inquiry, afterMilliseconds)
        case .gateway(let status, let page):
            return gatewayPage(status, page, inquiry, afterMilliseconds)
        case .echo(let status): reply = echo(status, inquiry)
        case .replayed: reply = lastReplies[inquiry.route.operation] ?? reply
        case .oddStatus(let status): reply.status = status
        case .compressed(let coding):
            reply.headers.append(("Content-Encoding", coding))
            reply.body = Gzip.stored(reply.body)
        case .garbage: reply.body = Array("\u{1}\u{2}{\"id\": <!-- \u{fffd} -->".utf8)
        case .empty: reply.body = []
        case .truncated: reply.body = Array(reply.body.prefix(reply.body.count / 2))
        case .oversized(let bytes):
            let missing = max(0, bytes - reply.body.count)
            reply.body += [UInt8](repeating: UInt8(ascii: " "), count: missing)
        case .withoutID: reply.body = Self.withoutID(reply.body)
        case .withoutTree: reply.body = Self.withoutTree(reply.body)
        case .redirect(let target):
            reply = Reply(status: 307, headers: [("Location", target)])
        }
        let response = sealed(
            reply, inquiry, afterMilliseconds, contentType: "application/json;charset=utf-8")
        if fault.answer == .cut {
            return .cut(
                response, afterBytes: response.body.count / 2,
                afterMilliseconds: afterMilliseconds)
        }
        return .respond(response, afterMilliseconds: afterMilliseconds)
    }

    private func gatewayPage(
        _ status: Int, _ page: GatewayPage, _ inquiry: Inquiry, _ milliseconds: Int64
    ) -> SandboxOutcome {
        let (type, text) = page.body(status: status, reason: Self.reasons[status] ?? "Error")
        let reply = Reply(status: status, headers: [("Server", "gateway")], body: Array(text.utf8))
        return .respond(
            sealed(reply, inquiry, milliseconds, contentType: type ?? ""),
            afterMilliseconds: milliseconds)
    }

    /// As debug pages do: all that was sent, the token and the secret among it.
    private func echo(_ status: Int, _ inquiry: Inquiry) -> Reply {
        let head = inquiry.request.headers.map { "\($0.name): \($0.value)" }.sorted()
        let body = String(decoding: inquiry.request.body ?? [], as: UTF8.self)
        let words = "Got " + head.joined(separator: ", ") + " and " + body
        return inquiry.route == .token
            ? iamError(status, Self.iamWord(status), words) : error(inquiry, status, words)
    }

    /// Adds the headers that every answer has.
    private func sealed(
        _ reply: Reply, _ inquiry: Inquiry, _ afterMilliseconds: Int64, contentType: String
    ) -> APIResponse {
        var headers: [(name: String, value: String)] = []
        var sentAfter = afterMilliseconds
        if case .cached(let age, let tellsAge) = inquiry.fault.listing {
            sentAfter = -age
            if tellsAge { headers.append(("Age", String(max(0, age / 1000)))) }
        }
        if !inquiry.fault.hidesDate {
            let clock = now.adding(milliseconds: sentAfter)
                .adding(milliseconds: clockOffsetMilliseconds)
                .adding(milliseconds: inquiry.fault.dateSkewMilliseconds)
            headers.append(("Date", TimeText.httpDate(clock)))
        }
        if !reply.body.isEmpty, !contentType.isEmpty {
            headers.append(("Content-Type", contentType))
        }
        headers.append(("X-Request-ID", Identifier.make(seed: seed, kind: 3, number: log.requests)))
        headers += reply.headers
        headers += inquiry.fault.headers
        return APIResponse(status: reply.status, headers: headers, body: reply.body)
    }

    /// Bodies of runs begin with the id, so it can be taken off in front.
    private static func withoutID(_ body: [UInt8]) -> [UInt8] {
        guard body.starts(with: Array("{\"id\":".utf8)),
            let comma = body.firstIndex(of: UInt8(ascii: ","))
        else { return body }
        return [UInt8(ascii: "{")] + body[(comma + 1)...]
    }

    /// Bodies of runs end with the counts and the tree; a quote within a text is escaped.
    private static func withoutTree(_ body: [UInt8]) -> [UInt8] {
        guard let counts = body.firstRange(of: Array(",\"statusCounts\":".utf8)) else {
            return body
        }
        return Array(body[..<counts.lowerBound]) + [UInt8(ascii: "}")]
    }
}
