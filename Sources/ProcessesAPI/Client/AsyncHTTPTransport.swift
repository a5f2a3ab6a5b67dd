import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// The real transport, over AsyncHTTPClient.
///
/// Two clients, because starts and reads want opposite things. A start goes out on a connection
/// that nothing used before, since a pooled one may die under the request and leave us guessing;
/// reads share connections. Both verify TLS, speak HTTP/1.1, follow no redirect (the token would
/// go along), ask for no compression (and unpack no more than an answer may have) and retry nothing:
/// there is one retry engine, and it isn't here.
package final class AsyncHTTPTransport: CustomReflectable, Sendable {
    private let starts: HTTPClient
    private let reads: HTTPClient
    private let lifecycle = Mutex(Lifecycle())
    private let meter: BodyMeter

    /// Makes both clients; `shutdown` must be called, or `withTransport` used.
    ///
    /// - Parameters:
    ///   - options: Proxy, trust and limits.
    ///   - meter: Counts the bytes of all answers in flight; shared by all transports of a daemon.
    /// - Throws: What is wrong with the proxy address or the file of authorities.
    package init(
        _ options: AsyncHTTPTransportOptions = .init(), meter: BodyMeter = BodyMeter()
    ) throws(TransportSetupError) {
        self.meter = meter
        var configuration = try options.configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            options.readConnectionsMax
        // Below the idle time of common gateways, so that they seldom close under a request.
        configuration.connectionPool.idleTimeout = .seconds(25)
        reads = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)

        configuration.maximumUsesPerConnection = 1
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            options.startConnectionsMax
        // A connection whose request went away before it stood isn't kept for the next one.
        configuration.connectionPool.idleTimeout = .milliseconds(100)
        starts = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Sends the request once.
    ///
    /// A start that has begun runs to its answer or its deadline, whatever happens to the calling
    /// task; a read ends with it.
    ///
    /// - Parameters:
    ///   - request: what is sent.
    ///   - gate: may it be written now? Asked before connecting, and again between head and body: without
    ///     its body it can't act (docs/cluster.md, R8). Nil: it may. For requests with a body.
    /// - Returns: the answer; a gate that was closed before connecting is `notSent`, later it is `lost`.
    package func exchange(
        _ request: APIRequest, gate: (@Sendable () -> Bool)? = nil
    ) async -> Result<APIResponse, TransportFailure> {
        guard let (origin, _) = Origin.split(request.url), origin.isAllowed else {
            let reason = "the address is neither https nor this machine"
            return .failure(.notSent(reason: reason, isCertificate: false))
        }
        guard !Task.isCancelled, lifecycle.withLock({ $0.begin() }) else {
            return .failure(.notSent(reason: "the client is stopping", isCertificate: false))
        }
        if let gate, !gate() {
            lifecycle.withLock { $0.end() }?.resume()
            return .failure(
                .notSent(reason: ClosedGate.beforeConnecting, isCertificate: false))
        }
        let result = await perform(request, gate: gate)
        lifecycle.withLock { $0.end() }?.resume()
        return result
    }

    private func perform(
        _ request: APIRequest, gate: (@Sendable () -> Bool)?
    ) async -> Result<APIResponse, TransportFailure> {
        let message: HTTPClient.Request
        do {
            message = try HTTPClient.Request(
                url: request.url, method: HTTPMethod(rawValue: request.method),
                headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }),
                body: request.body.map { Self.body($0, gate: gate) })
        } catch {
            return .failure(.notSent(reason: "the request is malformed", isCertificate: false))
        }
        let recorder = ExchangeRecorder(meter, isBounded: !request.freshConnection)
        let client = request.freshConnection ? starts : reads
        // The deadline covers everything, the answer's last byte included: with the newer
        // `execute` of AsyncHTTPClient it would end at the head, and a server that sends a byte a
        // second could hold us for ever.
        let exchange = client.execute(
            request: message, delegate: recorder,
            deadline: .now() + .milliseconds(request.timeoutMilliseconds))
        do {
            // `get` doesn't react to cancellation, which is what a start needs.
            guard !request.freshConnection else { return .success(try await exchange.get()) }
            return .success(
                try await withTaskCancellationHandler {
                    try await exchange.get()
                } onCancel: {
                    exchange.cancel()
                })
        } catch {
            return .failure(recorder.failure(error))
        }
    }

    /// The bytes of a body, written only while the gate is open.
    private static func body(
        _ bytes: [UInt8], gate: (@Sendable () -> Bool)?
    ) -> HTTPClient.Body {
        let buffer = ByteBuffer(bytes: bytes)
        guard let gate else { return .byteBuffer(buffer) }
        return .stream(contentLength: Int64(bytes.count)) { writer in
            guard gate() else {
                return HTTPClient.defaultEventLoopGroup.any().makeFailedFuture(ClosedGate())
            }
            return writer.write(.byteBuffer(buffer))
        }
    }

    /// Refuses new requests, waits for those in flight to end, and closes everything.
    ///
    /// The wait is bounded by the requests' own deadlines. To end reads at once, cancel the tasks
    /// that wait for them first.
    package func shutdown() async {
        await withCheckedContinuation { continuation in
            lifecycle.withLock { $0.close(continuation) }?.resume()
        }
        // Both throw only if they were shut down before.
        try? await starts.shutdown()
        try? await reads.shutdown()
    }

    /// No children: the clients know the proxy's password.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }

    /// Runs a body with a transport that is shut down afterwards, however the body ends.
    ///
    /// - Parameters:
    ///   - options: Proxy, trust and limits.
    ///   - body: What uses the transport.
    /// - Returns: What the body returns.
    /// - Throws: A `TransportSetupError`, or what the body throws.
    package static func withTransport<Value>(
        _ options: AsyncHTTPTransportOptions = .init(),
        body: (AsyncHTTPTransport) async throws -> Value
    ) async throws -> Value {
        let transport = try AsyncHTTPTransport(options)
        do {
            let value = try await body(transport)
            await transport.shutdown()
            return value
        } catch {
            await transport.shutdown()
            throw error
        }
    }
}

/// The lease was over when a start was about to be written.
struct ClosedGate: Error, CustomStringConvertible {
    static let beforeConnecting = "the lease of this node is over"

    let description = "the lease of this node was over before the request's body was sent"
}

/// Counts what is in flight, so that closing can wait for it.
private struct Lifecycle {
    private var inFlight = 0
    private var isClosed = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Whether another request may begin.
    mutating func begin() -> Bool {
        guard !isClosed else { return false }
        inFlight += 1
        return true
    }

    /// Ends a request; returns who waited for the last one.
    mutating func end() -> Waiters? {
        inFlight -= 1
        return inFlight == 0 && isClosed ? takeWaiters() : nil
    }

    /// Closes for new requests; returns who need not wait.
    mutating func close(_ continuation: CheckedContinuation<Void, Never>) -> Waiters? {
        isClosed = true
        waiting.append(continuation)
        return inFlight == 0 ? takeWaiters() : nil
    }

    private mutating func takeWaiters() -> Waiters {
        defer { waiting = [] }
        return Waiters(continuations: waiting)
    }

    /// Resumed outside the lock.
    struct Waiters {
        let continuations: [CheckedContinuation<Void, Never>]

        func resume() {
            for continuation in continuations { continuation.resume() }
        }
    }
}
