package import ProcessesAPI

/// What becomes of a request; the state has already changed accordingly.
package enum SandboxOutcome: Sendable {
    case respond(APIResponse, afterMilliseconds: Int64)
    /// The connection breaks without an answer; the API has not seen the request.
    case dropBefore(afterMilliseconds: Int64)
    /// No connection comes about.
    case unreachable(isCertificate: Bool, afterMilliseconds: Int64)
    /// The connection breaks without an answer; the API has acted, or will.
    case dropAfter(afterMilliseconds: Int64)
    /// The head and the first bytes of the body arrive, then the connection breaks.
    case cut(APIResponse, afterBytes: Int, afterMilliseconds: Int64)
}

extension SandboxOutcome {
    /// What arrives of an answer, if anything.
    package var response: APIResponse? {
        switch self {
        case .respond(let response, _), .cut(let response, _, _): response
        case .dropBefore, .dropAfter, .unreachable: nil
        }
    }

    /// When it arrives.
    package var afterMilliseconds: Int64 {
        switch self {
        case .respond(_, let milliseconds), .dropBefore(let milliseconds),
            .dropAfter(let milliseconds), .cut(_, _, let milliseconds),
            .unreachable(_, let milliseconds):
            milliseconds
        }
    }

    /// What a transport would report that gives the request its time, and after how long.
    ///
    /// The simulation's transport: the same failures as the real one has for the same events.
    package func seen(
        by request: APIRequest
    ) -> (result: Result<APIResponse, TransportFailure>, afterMilliseconds: Int64) {
        guard afterMilliseconds < request.timeoutMilliseconds else {
            return (.failure(.deadline), request.timeoutMilliseconds)
        }
        switch self {
        case .respond(let response, _) where response.status < 100:
            let words = "its status line says \(response.status), which is no HTTP status"
            return (.failure(.lost(words)), afterMilliseconds)
        case .respond(let response, _):
            let limit = APIResponse.bodyBytesMax(status: response.status)
            guard response.body.count > limit else {
                return (.success(response), afterMilliseconds)
            }
            let failure = TransportFailure.afterHead(response.head, .bodyTooLarge(limit: limit))
            return (.failure(failure), afterMilliseconds)
        case .unreachable(let isCertificate, _):
            let reason = isCertificate ? "certificate not trusted" : "connection refused"
            return (
                .failure(.notSent(reason: reason, isCertificate: isCertificate)),
                afterMilliseconds
            )
        case .dropBefore, .dropAfter:
            return (.failure(.lost("connection closed by the other end")), afterMilliseconds)
        case .cut(let response, _, _):
            let failure = TransportFailure.afterHead(
                response.head, .lost("connection closed in the middle of the body"))
            return (.failure(failure), afterMilliseconds)
        }
    }
}

extension APIResponse {
    fileprivate var head: APIResponse { APIResponse(status: status, headers: headers, body: []) }
}
