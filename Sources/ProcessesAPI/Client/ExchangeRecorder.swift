import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Watches one exchange: what was written, what came back, and never more than is allowed.
final class ExchangeRecorder: HTTPClientResponseDelegate {
    typealias Response = APIResponse

    private struct Progress {
        var isRequestHeadWritten = false
        var response: APIResponse?
        var bodyBytesMax = 0
    }

    private struct BodyTooLarge: Error {
        var limit: Int
    }

    private let progress = Mutex(Progress())
    private let meter: BodyMeter
    /// A start's answer is never given up for want of room: it names the run.
    private let isBounded: Bool

    init(_ meter: BodyMeter, isBounded: Bool) {
        self.meter = meter
        self.isBounded = isBounded
    }

    deinit {
        meter.release(progress.withLock { $0.response?.body.count ?? 0 })
    }

    // MARK: What AsyncHTTPClient tells

    func didSendRequestHead(task: HTTPClient.Task<APIResponse>, _ head: HTTPRequestHead) {
        progress.withLock { $0.isRequestHeadWritten = true }
    }

    func didReceiveHead(
        task: HTTPClient.Task<APIResponse>, _ head: HTTPResponseHead
    ) -> EventLoopFuture<Void> {
        let status = Int(head.status.code)
        let limit = APIResponse.bodyBytesMax(status: status)
        progress.withLock { progress in
            progress.bodyBytesMax = limit
            progress.response = APIResponse(
                status: status, headers: head.headers.map { ($0.name, $0.value) }, body: [])
        }
        // What announces too much isn't even begun.
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }),
            length > limit
        {
            return task.eventLoop.makeFailedFuture(BodyTooLarge(limit: limit))
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(
        task: HTTPClient.Task<APIResponse>, _ buffer: ByteBuffer
    ) -> EventLoopFuture<Void> {
        let excess = progress.withLock { progress -> BodyTooLarge? in
            let size = (progress.response?.body.count ?? 0) + buffer.readableBytes
            guard size <= progress.bodyBytesMax else {
                return BodyTooLarge(limit: progress.bodyBytesMax)
            }
            progress.response?.body.append(contentsOf: buffer.readableBytesView)
            return nil
        }
        if let excess { return task.eventLoop.makeFailedFuture(excess) }
        let fits = meter.take(buffer.readableBytes)
        if !fits, isBounded { return task.eventLoop.makeFailedFuture(BodyMeter.Full()) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<APIResponse>) throws -> APIResponse {
        guard let response = progress.withLock({ $0.response }) else {
            throw HTTPClientError.remoteConnectionClosed
        }
        return response
    }

    // MARK: What it means

    /// The failure that an error of this exchange is.
    func failure(_ error: any Error) -> TransportFailure {
        let (isWritten, response) = progress.withLock { ($0.isRequestHeadWritten, $0.response) }
        let cause: TransportFailure
        if let excess = error as? BodyTooLarge {
            cause = .bodyTooLarge(limit: excess.limit)
        } else if error as? HTTPClientError == .deadlineExceeded {
            cause = .deadline
        } else if !isWritten, let unsent = UnsentError(error) {
            cause = .notSent(reason: unsent.reason, isCertificate: unsent.isCertificate)
        } else {
            cause = .lost(EscapedText.bounded(words(error, response), bytesMax: 300))
        }
        guard var response else { return cause }
        response.body = []
        return .afterHead(response, cause)
    }

    private func words(_ error: any Error, _ response: APIResponse?) -> String {
        // The library's errors of unpacking are in a module of their own.
        if String(reflecting: type(of: error)).contains("Decompression"),
            let coding = response?.headerValue("content-encoding")
        {
            return "it is \(coding)-compressed though not asked for, "
                + "and can't be unpacked (\(error))"
        }
        return Self.words(error)
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as StatusGuard.NoStatus: error.description
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            "the other side closed it"
        case let error as HTTPClientError where error == .cancelled: "the request was given up"
        case is BodyMeter.Full: "more than 64 MiB of answers were in flight"
        case is HTTPParserError: "what came is no HTTP (\(error))"
        default: "\(error)"
        }
    }
}

/// Bytes of answers that are in flight, over all connections (docs/protocol.md#status-poller).
package final class BodyMeter: Sendable {
    /// No more answers fit.
    struct Full: Error {}
    /// The most that is held at a time.
    package static let bytesMax = 64 << 20

    private let bytes = Mutex(0)

    package init() {}

    /// What is held now.
    package var bytesInFlight: Int { bytes.withLock { $0 } }

    /// Counts bytes that have come; false if there are more than may be held.
    func take(_ count: Int) -> Bool {
        bytes.withLock { bytes in
            bytes += count
            return bytes <= Self.bytesMax
        }
    }

    func release(_ count: Int) { bytes.withLock { $0 -= count } }
}

/// The closed list of errors that end a request before its first byte (docs/protocol.md,
/// rule 4).
///
/// The list alone isn't believed: a reset is the same error in the middle of a request. Nor is it
/// enough that AsyncHTTPClient told of no written head, since `deadlineExceeded` may lie in
/// between. Both must agree; an error that isn't listed stays ambiguous.
struct UnsentError {
    var reason: String
    var isCertificate = false

    /// Nil if the error isn't on the list.
    init?(_ error: any Error) {
        switch error {
        case let error as NIOConnectionError:
            reason = Self.words(error)
        case let error as IOError:
            reason = "could not connect (\(Self.words(error)))"
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            let text = "\(error)"
            isCertificate = Self.isAboutCertificate(error, text: text)
            reason =
                (isCertificate ? "the certificate is not trusted (" : "TLS failed (")
                + EscapedText.bounded(text, bytesMax: 300) + ")"
        case let error as HTTPClientError:
            guard let words = Self.unsent.first(where: { $0.error == error })?.words else {
                return nil
            }
            reason = words
        default: return nil
        }
    }

    private static let unsent: [(error: HTTPClientError, words: String)] = [
        (.connectTimeout, "could not connect in time"),
        (.tlsHandshakeTimeout, "TLS was not agreed on in time"),
        (.httpProxyHandshakeTimeout, "the proxy did not answer in time"),
        (.getConnectionFromPoolTimeout, "no connection became free in time"),
        (.remoteConnectionClosed, "the other side closed the connection while it was made"),
        (.proxyAuthenticationRequired, "the proxy wants a user and password"),
        (.invalidProxyResponse, "the proxy refused to connect"),
        (.alreadyShutdown, "the client is stopping"),
        (.invalidURL, "the address is malformed"),
        (.emptyHost, "the address has no host"),
    ]

    private static func words(_ error: NIOConnectionError) -> String {
        let peer = "\(error.host):\(error.port)"
        if let dns = error.dnsAError ?? error.dnsAAAAError, error.connectionErrors.isEmpty {
            return "the name of \(peer) could not be resolved "
                + "(\(EscapedText.bounded("\(dns)", bytesMax: 200)))"
        }
        let cause = error.connectionErrors.first.map { " (\(words($0.error)))" }
        return "could not connect to \(peer)\(cause ?? "")"
    }

    private static func words(_ error: any Error) -> String {
        switch (error as? IOError)?.errnoCode {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET, EPIPE: "connection reset"
        case ENETUNREACH: "network unreachable"
        case EHOSTUNREACH, EHOSTDOWN: "host unreachable"
        case ETIMEDOUT: "timed out"
        default: EscapedText.bounded("\(error)", bytesMax: 200)
        }
    }

    private static func isAboutCertificate(_ error: any Error, text: String) -> Bool {
        switch error {
        case NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate: true
        case let extra as NIOSSLExtraError: extra == .failedToValidateHostname
        default: text.contains("CERTIFICATE_VERIFY_FAILED")
        }
    }
}
