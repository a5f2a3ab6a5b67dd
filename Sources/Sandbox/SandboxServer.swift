import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import ProcessesAPI
import ServiceLifecycle
package import Timetable

/// The HTTP face of a sandbox, on 127.0.0.1 only.
///
/// It sits below Hummingbird's router and application: those would answer with a `Date` of their
/// own, and turn a thrown error into a 500 where the client must see a broken connection.
package struct SandboxServer: Sendable {
    private let sandbox: SharedSandbox
    private let port: Int
    private let logger: Logger
    private let now: @Sendable () -> Instant
    private let sleep: @Sendable (_ milliseconds: Int64) async throws -> Void
    private let listening: @Sendable (_ port: Int) async -> Void

    /// Thrown to break the connection.
    private struct ConnectionLost: Error {}

    private static let connectionsMax = 1024
    private static let requestBytesMax = 10_485_760
    /// Longer answers are broken off: no client of ours waits that long.
    private static let delayMillisecondsMax: Int64 = 120_000

    /// Makes the face of a shared sandbox.
    ///
    /// - Parameters:
    ///   - sandbox: The world behind it.
    ///   - port: Where to listen; 0 chooses a free port.
    ///   - now: The true time of the sandbox's world; demos let it run faster than ours.
    ///   - sleep: Waits before late answers.
    ///   - logger: Where failures to listen go.
    ///   - listening: Called with the port once connections are accepted.
    package init(
        _ sandbox: SharedSandbox, port: Int = 0, now: @escaping @Sendable () -> Instant,
        sleep: @escaping @Sendable (_ milliseconds: Int64) async throws -> Void,
        logger: Logger,
        listening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.sandbox = sandbox
        self.port = port
        self.now = now
        self.sleep = sleep
        self.logger = logger
        self.listening = listening
    }

    /// Serves until the task is cancelled or the service group shuts down.
    ///
    /// - Throws: what NIO says if the port can't be bound.
    package func run() async throws {
        let configuration = ServerConfiguration(
            address: .hostname("127.0.0.1", port: port),
            availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax))
        let server = try HTTPServerBuilder.http1(
            configuration: .init(idleTimeout: .seconds(90))
        ).buildServer(
            configuration: configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger
        ) { request, writer, _ in
            let answer = try await answer(request)
            try await writer.write(response: answer.head, body: answer.body)
        } onServerRunning: { channel in
            await listening(channel.localAddress?.port ?? port)
        }
        try await server.run()
    }

    private func answer(
        _ request: Request
    ) async throws -> (head: HTTPResponse, body: ResponseBody) {
        guard let sent = try? await request.body.collect(upTo: Self.requestBytesMax) else {
            // What was not read would be taken for the next request.
            throw ConnectionLost()
        }
        let received = APIRequest(received: request, body: Array(sent.readableBytesView))
        let instant = now()
        let outcome = sandbox.withState { $0.handle(received, at: instant) }
        let delay = outcome.afterMilliseconds
        if delay > 0 {
            // A shutdown doesn't wait for late answers: they are lost.
            try await cancelWhenGracefulShutdown {
                try await sleep(min(delay, Self.delayMillisecondsMax))
            }
        }
        guard delay <= Self.delayMillisecondsMax, let response = outcome.response else {
            throw ConnectionLost()
        }
        let head = HTTPResponse(response)
        guard case .cut(_, let bytes, _) = outcome else {
            return (head, ResponseBody(byteBuffer: ByteBuffer(bytes: response.body)))
        }
        let part = ByteBuffer(bytes: response.body.prefix(bytes))
        let body = ResponseBody { writer in
            try await writer.write(part)
            throw ConnectionLost()
        }
        return (head, body)
    }
}

extension APIRequest {
    /// What came over the wire, as the client's own encoder would have made it.
    fileprivate init(received request: Request, body: [UInt8]) {
        let authority = request.head.authority ?? "127.0.0.1"
        self.init(
            method: request.head.method.rawValue,
            url: "http://\(authority)\(request.head.path ?? "/")",
            headers: request.head.headerFields.map { ($0.name.rawName, $0.value) },
            body: body.isEmpty ? nil : body)
    }
}

extension HTTPResponse {
    /// The head of an answer; its length is that of the whole body, even if less is sent.
    fileprivate init(_ response: APIResponse) {
        var fields = HTTPFields()
        for (name, value) in response.headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        fields[.contentLength] = String(response.body.count)
        self.init(status: .init(code: response.status), headerFields: fields)
    }
}
