/// A request ready for the wire.
///
/// It holds the token or the secret: its description shows neither.
package struct APIRequest: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var method: String
    /// Absolute.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    /// The whole time from the first connect to the last byte of the answer.
    package var timeoutMilliseconds: Int64
    /// Never on a connection that served before: a pooled one may die under the request.
    package var freshConnection: Bool

    /// The total deadline of every request: over the 29 s after which the API itself cuts.
    package static let timeoutMillisecondsDefault: Int64 = 35_000

    package init(
        method: String, url: String, headers: [(name: String, value: String)], body: [UInt8]?,
        timeoutMilliseconds: Int64 = APIRequest.timeoutMillisecondsDefault,
        freshConnection: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutMilliseconds = timeoutMilliseconds
        self.freshConnection = freshConnection
    }

    /// Method and address; neither headers nor body, which hold secrets.
    package var description: String { "\(method) \(url)" }
    /// The same as `description`.
    package var debugDescription: String { description }
    /// Only what is fit to be printed.
    package var customMirror: Mirror {
        Mirror(self, children: ["method": method, "url": url, "bodyBytes": body?.count ?? 0])
    }
}

/// A complete answer.
///
/// A token answer's body holds the token, so no description shows bodies.
package struct APIResponse: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    /// The most that is read of a 2xx answer.
    package static let answerBytesMax = 16 << 20
    /// The most that is read of any other answer.
    package static let errorBytesMax = 1 << 20

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// How many bytes of a body may be read under a status.
    package static func bodyBytesMax(status: Int) -> Int {
        (200..<300).contains(status) ? answerBytesMax : errorBytesMax
    }

    /// Status and size.
    package var description: String { "HTTP \(status), \(body.count) bytes" }
    /// The same as `description`.
    package var debugDescription: String { description }
    /// Only what is fit to be printed.
    package var customMirror: Mirror {
        Mirror(self, children: ["status": status, "bodyBytes": body.count])
    }
}

/// Why there is no complete answer.
///
/// `notSent` is a closed list (docs/protocol.md, rule 4): only what proves that no byte of the
/// request left. Everything else may have been acted upon.
package indirect enum TransportFailure: Error, Sendable {
    /// Name resolution, connect or TLS failed, or the request was never begun.
    case notSent(reason: String, isCertificate: Bool)
    /// The total time was over before a head came.
    case deadline
    /// The connection broke, or its peer didn't speak HTTP, before a head came.
    case lost(String)
    /// More body than we are willing to read.
    case bodyTooLarge(limit: Int)
    /// A head came, and then one of the other failures; the response has an empty body.
    case afterHead(APIResponse, TransportFailure)
}
