import Foundation
import NIOCore
import NIOPosix

/// What systemd would hear: the datagrams a daemon sends to its notification socket.
final class NotificationSocket: Sendable {
    let path: String
    /// One element a datagram.
    let messages: AsyncStream<String>
    private let channel: any Channel

    init(path: String) async throws {
        self.path = path
        let (messages, feed) = AsyncStream.makeStream(of: String.self)
        self.messages = messages
        channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(feed: feed))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
    }

    func close() async { try? await channel.close() }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        private let feed: AsyncStream<String>.Continuation

        init(feed: AsyncStream<String>.Continuation) { self.feed = feed }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            feed.yield(String(buffer: unwrapInboundIn(data).data))
        }

        func channelInactive(context: ChannelHandlerContext) { feed.finish() }
    }
}

/// One life of the real daemon, from start to death.
struct Life {
    private let program: RunningProgram
    private let socket: NotificationSocket
    private let logs: Folder

    /// Starts the daemon on a config.
    ///
    /// - Parameters:
    ///   - config: Path of the config.
    ///   - folder: Where its logs and notification socket go.
    /// - Throws: If it can't be started.
    init(config: String, in folder: Folder) async throws {
        logs = folder
        socket = try await NotificationSocket(path: folder.path("notify"))
        program = try Program.start(
            Program.carillon, ["daemon", "--config", config],
            environment: [
                // Fed every third of this: the feeding is what tests wait for, instead of sleeping.
                "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "600000",
                "PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no",
            ], logs: folder)
    }

    /// The daemon's process id.
    var processID: Int32 { program.process.processIdentifier }

    /// Waits until the daemon says that it is ready; false if it ended before.
    func isReady() async -> Bool {
        await hears { $0.contains("READY=1") }
    }

    /// Waits for turns of the daemon until the condition holds; false if it ended before.
    func turns(until isMet: () async throws -> Bool) async rethrows -> Bool {
        for await message in messages() where message.contains("WATCHDOG=1") {
            if try await isMet() { return true }
        }
        return false
    }

    /// Waits for some more turns.
    func turns(_ count: Int) async {
        var left = count
        for await message in messages() where message.contains("WATCHDOG=1") {
            left -= 1
            if left <= 0 { return }
        }
    }

    /// Ends it as systemd would.
    func stop() async -> Outcome { await end(SIGTERM) }

    /// Ends it as a power cut would.
    func kill() async -> Outcome { await end(SIGKILL) }

    private func end(_ signal: Int32) async -> Outcome {
        await program.stop(signal)
        await socket.close()
        return Outcome(
            status: program.process.terminationStatus, output: logs.text("output"),
            errors: logs.text("errors"))
    }

    private func hears(_ isIt: (String) -> Bool) async -> Bool {
        for await message in messages() where isIt(message) { return true }
        return false
    }

    /// The datagrams, which end when the program does.
    private func messages() -> AsyncStream<String> { socket.messages }
}
