import Console
import Foundation
import Glibc
import Synchronization

// Memory safety of this file: system calls on paths that are borrowed for the call, and on structs
// that we own.

/// A folder that lives as long as a piece of work.
///
/// It holds a locked file while its process lives, so that the next one can tell what a `kill -9`
/// left behind, and removes that.
enum ScratchFolder {
    /// Not the prefix of any other tool: everything of this name without a living lock is removed.
    private static let prefix = "carillon-rehearsal-"
    private static let lockName = "lock"
    /// A folder is made a moment before its lock.
    private static let unlockedSecondsMax = 60.0

    /// Where the folders are made.
    static var base: String {
        FileManager.default.isWritableFile(atPath: "/dev/shm")
            ? "/dev/shm" : NSTemporaryDirectory()
    }

    /// Makes a new folder, in memory where the host has room for files there, and removes it afterwards.
    ///
    /// - Parameter body: gets the folder's path, and a question to be asked now and then: was the
    ///   work interrupted (SIGINT, SIGTERM)? It must return or throw soon then; the process
    ///   ends by that signal once the folder is gone.
    /// - Returns: what the body returns.
    /// - Throws: `CommandFailure` if it can't be made, and what the body throws.
    static func use<Value>(
        _ body: (String, @escaping () -> Bool) throws -> Value
    ) throws -> Value {
        let files = FileManager.default
        let base = base
        removeStale(in: base)
        let folder = URL(fileURLWithPath: base)
            .appendingPathComponent(prefix + UUID().uuidString).path
        let lock: Int32
        do {
            try files.createDirectory(
                atPath: folder, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
            lock = try lockFile(in: folder)
        } catch {
            throw CommandFailure(.failed, "can't make the folder \(folder): \(error)")
        }
        return try Interruption.watched { wasInterrupted in
            defer {
                try? files.removeItem(atPath: folder)
                close(lock)
            }
            return try body(folder, wasInterrupted)
        }
    }

    /// Locked before it has its name: one that is found and not locked is a dead process's.
    private static func lockFile(in folder: String) throws -> Int32 {
        let (unnamed, named) = ("\(folder)/\(lockName).new", "\(folder)/\(lockName)")
        let descriptor = unsafe open(unnamed, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0,
            unsafe rename(unnamed, named) == 0
        else {
            throw CommandFailure(.failed, unsafe String(cString: strerror(errno)))
        }
        return descriptor
    }

    /// Removes folders of ours whose process is gone.
    private static func removeStale(in base: String) {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: base)) ?? []
        where name.hasPrefix(prefix) {
            let folder = "\(base)/\(name)"
            let attributes = try? files.attributesOfItem(atPath: folder)
            guard attributes?[.ownerAccountID] as? Int == Int(getuid()) else { continue }
            let descriptor = unsafe open("\(folder)/\(lockName)", O_RDWR | O_CLOEXEC)
            if descriptor >= 0 {
                defer { close(descriptor) }
                guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            } else {
                guard let made = attributes?[.modificationDate] as? Date,
                    Date().timeIntervalSince(made) > unlockedSecondsMax
                else { continue }
            }
            try? files.removeItem(atPath: folder)
        }
    }
}

/// Signals that end a process, held back until it has cleaned up.
private enum Interruption {
    private static let signals = [SIGINT, SIGTERM]
    /// The signal that came; a handler may only do this much.
    private static let raised = Atomic<Int32>(0)

    /// Does the work; if a signal came meanwhile, the process ends by it afterwards.
    static func watched<Value>(_ work: (@escaping () -> Bool) throws -> Value) rethrows -> Value {
        // Made before a handler may touch it.
        raised.store(0, ordering: .relaxed)
        // Who started us may have blocked them, as programs with signal threads do.
        var set = sigset_t()
        // SAFETY: the calls read and fill the set that we own.
        unsafe sigemptyset(&set)
        for number in signals { unsafe sigaddset(&set, number) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        let former = signals.map { number in
            // A second signal of the kind ends the process at once, as people expect of Control-C.
            signal(number) { came in
                Interruption.raised.store(came, ordering: .relaxed)
                _ = signal(came, SIG_DFL)
            }
        }
        defer {
            zip(signals, former).forEach { _ = signal($0, $1) }
            let came = raised.load(ordering: .relaxed)
            if came != 0 {
                _ = signal(came, SIG_DFL)
                raise(came)
            }
        }
        return try work { raised.load(ordering: .relaxed) != 0 }
    }
}
