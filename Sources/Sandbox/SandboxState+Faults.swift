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
        case .foreign(let status): return gatewayPage(status, inquiry, afterMilliseconds)
        case .garbage: reply.body = Array("\u{1}\u{2}{\"id\": <!-- \u{fffd} -->".utf8)
        case .empty: reply.body = []
        case .truncated: reply.body = Array(reply.body.prefix(reply.body.count / 2))
        case .oversized(let bytes):
            let missing = max(0, bytes - reply.body.count)
            reply.body += [UInt8](repeating: UInt8(ascii: " "), count: missing)
        case .withoutID: reply.body = Self.withoutID(reply.body)
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
        _ status: Int, _ inquiry: Inquiry, _ milliseconds: Int64
    ) -> SandboxOutcome {
        let reason = Self.reasons[status] ?? "Error"
        let page = "<html><head><title>\(status) \(reason)</title></head><body></body></html>\r\n"
        let reply = Reply(status: status, headers: [("Server", "gateway")], body: Array(page.utf8))
        return .respond(
            sealed(reply, inquiry, milliseconds, contentType: "text/html"),
            afterMilliseconds: milliseconds)
    }

    /// Adds the headers that every answer has.
    private func sealed(
        _ reply: Reply, _ inquiry: Inquiry, _ afterMilliseconds: Int64, contentType: String
    ) -> APIResponse {
        var headers: [(name: String, value: String)] = []
        if !inquiry.fault.hidesDate {
            let clock = now.adding(milliseconds: afterMilliseconds)
                .adding(milliseconds: scenario.clockSkewMilliseconds)
                .adding(milliseconds: inquiry.fault.dateSkewMilliseconds)
            headers.append(("Date", CivilTime(clock).httpDate))
        }
        if !reply.body.isEmpty { headers.append(("Content-Type", contentType)) }
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
}
