import Console
import Engine
import ServiceLifecycle
import Store

/// Watches what changes under a running daemon, and heals without anybody's command: secrets,
/// authorities, zone data, and files that weren't there yet.
struct FileWatch: Service {
    let reloader: Reloader
    let routes: ConnectionRoutes
    let inbox: Inbox
    let clock: any SchedulerClock
    let database: String

    private static let gapMilliseconds: Int64 = 5_000
    /// While something waits for a file: what comes back is noticed at once.
    private static let waitingGapMilliseconds: Int64 = 1_000
    /// What is waited for is read again after so long, too: a file that couldn't be read may stay as it was.
    private static let againGapMilliseconds: Int64 = 10_000
    /// A log of that size is told; it is written back at 16 MB, unless somebody reads all the time.
    private static let logBytesMax: Int64 = 128 << 20
    private static let freeBytesMin: Int64 = 256 << 20
    private static let tryLater = ExitStatus.tryLater.rawValue

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known = stamps()
            var troubles: [String: String] = [:]
            // An alarm of an earlier life may be over.
            var logSteps: Int64 = -1
            for name in routes.names where routes.troubles[name] == nil { tell(name, nil) }
            var isShort: Bool?
            var waitedMilliseconds: Int64 = 0
            while !Task.isCancelled {
                tellTroubles(&troubles)
                tellLog(&logSteps)
                tellSpace(&isShort)
                let isWaiting = !troubles.isEmpty || reloader.files.isWaiting
                let gap = isWaiting ? Self.waitingGapMilliseconds : Self.gapMilliseconds
                await clock.sleep(milliseconds: gap)
                waitedMilliseconds = reloader.files.isWaiting ? waitedMilliseconds + gap : 0
                var new = stamps()
                for (connection, path) in routes.secretFiles where new[path] != known[path] {
                    inbox.post(.credentialChanged(connection: connection))
                }
                // A file that a reload has added has no stamp yet and causes one more reload, which
                // closes the gap between its reading and its first stamp.
                if reloader.files.paths.contains(where: { new[$0] != known[$0] }) {
                    // A tzdata update: the rules are compiled anew, slots that moved are logged.
                    let reply = await reloader.reload(isPatient: true)
                    // What the ledger could not take just now is tried again at the next look.
                    if reply.exitCode == Self.tryLater {
                        for path in reloader.files.paths { new[path] = known[path] }
                    }
                } else if waitedMilliseconds >= Self.againGapMilliseconds {
                    waitedMilliseconds = 0
                    _ = await reloader.reload(isPatient: true, ifLessAwaited: true)
                }
                known = new
            }
        }
    }

    /// What connections wait for; one that has all it needs asks for its token at once.
    private func tellTroubles(_ known: inout [String: String]) {
        routes.refresh()
        let found = routes.troubles
        for (name, words) in found where known[name] != words {
            tell(name, words)
        }
        for name in known.keys where found[name] == nil {
            tell(name, nil)
            inbox.post(.credentialChanged(connection: name))
        }
        known = found
    }

    private func tell(_ connection: String, _ words: String?) {
        if let words { reloader.logger.error("connection \(connection) waits: \(words)") }
        inbox.post(
            .trouble(
                Trouble(kind: .waits, subject: "connection \(connection)", whatToDo: words)))
    }

    /// A reader that never ends keeps the log from being written back: it grows until the disk is full.
    private func tellLog(_ known: inout Int64) {
        let bytes = SystemFiles.bytes(database + "-wal") ?? 0
        let steps = bytes / Self.logBytesMax
        guard steps != known else { return }
        known = steps
        let words =
            "the log \(database)-wal has \(bytes >> 20) MB and grows: a program that reads the "
            + "database (an open sqlite3 session, a report, a backup) keeps it from being written "
            + "back; fuser -v \(database) names it; end its query, and the log shrinks by itself"
        inbox.post(
            .trouble(
                Trouble(kind: .log, subject: database, whatToDo: steps > 0 ? words : nil)))
    }

    /// A disk that is full stops all starts: it is told before.
    private func tellSpace(_ known: inout Bool?) {
        guard let space = SystemFiles.space(database) else { return }
        // Told below a limit, over above twice of it: not back and forth.
        let limit = (known ?? false) ? Self.freeBytesMin * 2 : Self.freeBytesMin
        let isShort = space.free < limit
        guard isShort != known else { return }
        known = isShort
        let words =
            "\(space.free >> 20) MB are free where \(database) is; make room before nothing can be "
            + "written, since then nothing is started"
        if isShort { reloader.logger.warning("\(words)") }
        inbox.post(
            .trouble(Trouble(kind: .disk, subject: database, whatToDo: isShort ? words : nil)))
    }

    private func stamps() -> [String: Int64] {
        var stamps: [String: Int64] = [:]
        for (_, path) in routes.secretFiles { stamps[path] = SystemFiles.modified(path) }
        for path in reloader.files.paths { stamps[path] = SystemFiles.modified(path) }
        return stamps
    }
}
