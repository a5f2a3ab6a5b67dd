import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A command that somebody on this machine sent to the daemon.
package struct ControlRequest: Sendable, Equatable {
    /// The command as JSON, at most `ControlServer.commandBytesMax` bytes, not looked into here.
    package let command: [UInt8]
    /// The sender's user id as the kernel knows it; goes into `audit`.
    package let peerUID: UInt32

    package init(command: [UInt8], peerUID: UInt32) {
        self.command = command
        self.peerUID = peerUID
    }
}

/// The daemon's answer to a command.
package struct ControlResponse: Sendable, Equatable {
    /// HTTP status: 200 done, 404 not found, 409 conflict, 503 try again later.
    package let status: Int
    /// JSON.
    package let body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// The control socket: `POST /commands` over HTTP on a Unix socket that the group may use.
package struct ControlServer: Service {
    /// Longest command that is read.
    package static let commandBytesMax = 64 * 1024
    /// Connections served at once; more wait in the backlog.
    static let connectionsMax = 512
    /// Time for a client to send its command, and for an idle connection to stay.
    static let patience = TimeAmount.seconds(5)
    /// So often it is looked whether the socket's file is still in its place.
    private static let watchGap = TimeAmount.seconds(2)

    private let file: SocketFile
    private let logger: Logger
    private let onRunning: @Sendable () async -> Void
    private let perform: @Sendable (ControlRequest) async -> ControlResponse

    /// Makes the server; `run()` opens the socket.
    ///
    /// - Parameters:
    ///   - path: Where clients find the socket; its folder must exist and be writable.
    ///   - logger: Receives what goes wrong.
    ///   - onRunning: Called once clients can connect.
    ///   - perform: Performs a command. A graceful shutdown waits for it.
    package init(
        path: String, logger: Logger, onRunning: @escaping @Sendable () async -> Void = {},
        perform: @escaping @Sendable (ControlRequest) async -> ControlResponse
    ) {
        file = SocketFile(path: path)
        self.logger = logger
        self.onRunning = onRunning
        self.perform = perform
    }

    /// Serves until the graceful shutdown or cancellation.
    ///
    /// - Throws: `ControlSocketError` if the socket can't be opened or another daemon has it.
    package func run() async throws {
        try await file.prepare(on: MultiThreadedEventLoopGroup.singleton)
        let failure = Failure()
        var quiet = logger
        // What makes it end is thrown, and said by whoever tries again.
        quiet.logLevel = .critical
        let application = Application(
            router: router(),
            server: .http1(configuration: .init(idleTimeout: Self.patience)),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: file.stagingPath),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax)),
            onServerRunning: { channel in
                do {
                    try file.publish()
                    watch(channel, failure)
                    await onRunning()
                } catch {
                    failure.note(error)
                    // Ends run(), which then throws what was noted.
                    channel.close(promise: nil)
                }
            },
            logger: quiet)
        do {
            try await application.run()
        } catch {
            file.removeStaging()
            throw failure.noted ?? error
        }
        guard let error = failure.noted else { return file.remove() }
        // What stands in its place now, if anything, is somebody else's.
        file.removeStaging()
        throw error
    }

    /// A cleaner of old files, or an emptied folder, takes the socket's file away: nobody would reach us
    /// any more, or notice.
    private func watch(_ channel: any Channel, _ failure: Failure) {
        let (file, own) = (file, file.inode)
        channel.eventLoop.scheduleRepeatedTask(
            initialDelay: Self.watchGap, delay: Self.watchGap
        ) { task in
            guard channel.isActive, file.inode == own else {
                task.cancel()
                guard channel.isActive else { return }
                failure.note(
                    ControlSocketError(
                        path: file.path, cause: "its file was deleted or replaced"))
                return channel.close(promise: nil)
            }
        }
    }

    private func router() -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        router.post("/commands") { request, context in
            let command = try await context.withinPatience(Self.patience) {
                try await request.body.collect(upTo: Self.commandBytesMax)
            }
            let response = await perform(
                ControlRequest(
                    command: Array(command.readableBytesView), peerUID: try await context.peerUID())
            )
            return Response(
                status: .init(code: response.status),
                headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: response.body)))
        }
        return router
    }
}

/// What went wrong in a callback that can't throw.
private final class Failure: Sendable {
    private let error = Mutex<ControlSocketError?>(nil)

    var noted: ControlSocketError? { error.withLock { $0 } }

    func note(_ error: any Error) {
        self.error.withLock {
            $0 = error as? ControlSocketError ?? ControlSocketError(path: "", cause: "\(error)")
        }
    }
}

/// Keeps the channel of a request: only the socket knows who is at the other end.
private struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Laid out as the kernel's `struct ucred`.
    private struct Credentials: Sendable {
        var processID: Int32
        var userID: UInt32
        var groupID: UInt32
    }

    /// The user id of the process that opened the connection.
    func peerUID() async throws -> UInt32 {
        guard let provider = channel as? any SocketOptionProvider else {
            throw HTTPError(.forbidden, message: "the sender's user is not known")
        }
        let credentials: Credentials = try await provider.unsafeGetSocketOption(
            level: NIOBSDSocket.OptionLevel.socket,
            name: NIOBSDSocket.Option(rawValue: peerCredentialsOption)
        ).get()
        return credentials.userID
    }

    /// Closes the connection if reading takes longer; a client that drips bytes is never idle.
    func withinPatience<Value: Sendable>(
        _ patience: TimeAmount, _ read: () async throws -> Value
    ) async throws -> Value {
        let channel = channel
        let deadline = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        return try await read()
    }
}

/// SO_PEERCRED on Linux.
private let peerCredentialsOption: CInt = 17
