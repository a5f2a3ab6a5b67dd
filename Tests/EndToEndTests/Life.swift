// Receiving datagrams takes a buffer and an address; each `unsafe` is a system call that borrows them.
import Foundation
import Glibc
import Synchronization

/// What systemd would hear: the datagrams a daemon sends to its notification socket.
///
/// A plain socket read on a thread of its own: NIO closes a datagram channel whose sender has no
/// address, and the daemon's has none.
struct NotificationSocket: Sendable {
    let path: String
    /// One element a datagram, and an empty one for each second of silence.
    let messages: AsyncStream<Message>
    private let feed: AsyncStream<Message>.Continuation

    /// What was said, and when it was received: a test may look at it much later.
    struct Message: Sendable {
        let words: String
        let at: ContinuousClock.Instant
    }

    /// Binds and listens.
    init(path: String) throws {
        self.path = path
        (messages, feed) = AsyncStream.makeStream(of: Message.self)
        unsafe unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8)
        }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw CocoaError(.fileWriteUnknown) }
        // Wakes up now and then to see whether anybody still listens.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let isOver = Flag()
        feed.onTermination = { _ in isOver.set() }
        Thread.detachNewThread { [feed] in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while !isOver.isSet {
                let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
                // Silence is told too, so that whoever waits can give up.
                let words =
                    count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : ""
                feed.yield(Message(words: words, at: .now))
            }
            Glibc.close(descriptor)
        }
    }

    /// Ends the stream: nobody sends any more.
    func close() { feed.finish() }
}

/// Set once, by any thread.
private final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
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
    ///   - wrapper: A program with arguments that becomes the daemon (`nsenter`, `strace -D`).
    ///   - environment: Further variables.
    /// - Throws: If it can't be started.
    init(
        config: String, in folder: Folder, under wrapper: [String] = [],
        environment: [String: String] = [:]
    ) async throws {
        logs = folder
        socket = try NotificationSocket(path: folder.path("notify"))
        let words = wrapper + [Program.carillon, "daemon", "--config", config]
        let variables = [
            // Fed every third of this: the feeding is what tests wait for, instead of sleeping.
            "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "3000000",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_BACKTRACE": "enable=no",
        ].merging(environment) { _, new in new }
        program = try Program.start(
            words[0], Array(words.dropFirst()), environment: variables, logs: folder,
            onEnd: { [socket] in socket.close() })
    }

    /// The daemon's process id.
    var processID: Int32 { program.id }

    /// Waits until the daemon says that it is ready; false if it ended before.
    func isReady() async -> Bool {
        await says("READY=1")
    }

    /// Waits until it says words that contain these to systemd; false if it ended before.
    func says(_ words: String) async -> Bool {
        await hears { $0.words.contains(words) }
    }

    /// Waits until it ends by itself; one that doesn't is killed, with the status -1.
    func end() async -> Outcome {
        outcome(await program.status())
    }

    /// Whether it lives, or how it ended.
    var state: String {
        program.endStatus.map { "ended with \($0)" } ?? "running"
    }

    /// What it has logged so far.
    var log: String { logs.text("errors") }

    /// No test waits longer for anything: it fails there, with the daemon's words.
    private static let patience = Duration.seconds(Program.patienceSeconds)

    /// Waits for turns of the daemon until the condition holds; false if it ended before, or after
    /// two minutes.
    func turns(until isMet: () async throws -> Bool) async rethrows -> Bool {
        try await hears { message in
            guard message.words.contains("WATCHDOG=1") else { return false }
            return try await isMet()
        }
    }

    /// Waits for some more turns, which begin after this moment.
    func turns(_ count: Int) async {
        let since = ContinuousClock.now
        // Those that waited to be heard are of before, and the next may have begun before.
        var left = count + 1
        _ = await hears { message in
            if message.words.contains("WATCHDOG=1"), message.at > since { left -= 1 }
            return left == 0
        }
    }

    /// Stops all of its threads, none in the middle of a system call; false if it can't be.
    func freeze() async -> Bool {
        program.send(SIGSTOP)
        let threads = "/proc/\(processID)/task"
        return await Patience.within(seconds: 60) {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: threads)) ?? []
            // A thread in a system call that can't be interrupted stops at its end.
            return !names.isEmpty
                && names.allSatisfy { name in
                    let facts = try? String(
                        contentsOfFile: "\(threads)/\(name)/stat", encoding: .utf8)
                    // The state is behind the name, which may have spaces and parentheses.
                    return facts?.components(separatedBy: ") ").last?.hasPrefix("T") ?? true
                }
        }
    }

    /// Asks it to reload, as `systemctl reload` does.
    func hangUp() { program.send(SIGHUP) }

    /// Lets it go on.
    func thaw() { program.send(SIGCONT) }

    /// Ends it as systemd would.
    func stop() async -> Outcome { await end(SIGTERM) }

    /// Ends it as a power cut would.
    func kill() async -> Outcome { await end(SIGKILL) }

    private func end(_ signal: Int32) async -> Outcome {
        program.send(signal)
        return outcome(await program.status())
    }

    private func outcome(_ status: Int32) -> Outcome {
        Outcome(status: status, output: logs.text("output"), errors: logs.text("errors"))
    }

    /// What was received in time counts, however late a busy machine lets us look at it.
    private func hears(
        _ isIt: (NotificationSocket.Message) async throws -> Bool
    ) async rethrows -> Bool {
        let deadline = ContinuousClock.now.advanced(by: Self.patience)
        // The messages end when the program does.
        for await message in socket.messages {
            if try await isIt(message) { return true }
            if message.at > deadline { return false }
        }
        return false
    }
}
