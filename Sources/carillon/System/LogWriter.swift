import Foundation
import Glibc

/// Writes lines to a file descriptor on a thread of its own, so that no reader of the log, however
/// slow or dead, holds up whoever logs.
///
/// Bounded: what doesn't fit is dropped and counted, and the count is said once there is room.
package final class LogWriter: @unchecked Sendable {
    // @unchecked: all state is only touched with `condition` locked.
    private let condition = NSCondition()
    private var lines: [String] = []
    private var bytes = 0
    private var dropped = 0
    private var isWriting = false
    private let descriptor: Int32
    private var tellDrops: (Int) -> String = { "carillon: \(LogWriter.words(dropped: $0))" }

    private static let bytesMax = 1 << 20

    /// What is said of lines that were dropped.
    static func words(dropped count: Int) -> String {
        count == 1
            ? "1 line of the log was dropped: nobody read it"
            : "\(count) lines of the log were dropped: nobody read it"
    }

    /// Makes a writer; its thread lives as long as the process.
    ///
    /// - Parameter descriptor: an open file, of which nobody else need keep anything.
    package init(to descriptor: Int32) {
        self.descriptor = descriptor
        let thread = Thread { [self] in drain() }
        thread.name = "carillon-log"
        thread.start()
    }

    /// Says in the form of all other lines how many were dropped, too.
    ///
    /// - Parameter line: makes it of their number; called on the thread that writes.
    package func tellDrops(_ line: @escaping @Sendable (Int) -> String) {
        condition.withLock { tellDrops = line }
    }

    /// Takes a line without its line break; never waits.
    package func write(_ line: String) {
        condition.lock()
        defer { condition.unlock() }
        guard bytes + line.utf8.count < Self.bytesMax else {
            dropped += 1
            return
        }
        lines.append(line)
        bytes += line.utf8.count
        condition.signal()
    }

    /// Waits until all is written, at most a second: nobody may be reading.
    func flush() {
        let deadline = Date(timeIntervalSinceNow: 1)
        condition.lock()
        defer { condition.unlock() }
        while isWriting || !lines.isEmpty, condition.wait(until: deadline) {}
    }

    private func drain() {
        while true {
            condition.lock()
            isWriting = false
            condition.broadcast()
            while lines.isEmpty { condition.wait() }
            isWriting = true
            var batch = lines.joined(separator: "\n") + "\n"
            if dropped > 0 {
                batch += tellDrops(dropped) + "\n"
            }
            (lines, bytes, dropped) = ([], 0, 0)
            condition.unlock()
            put(batch)
        }
    }

    /// May take for ever; a closed pipe only costs the lines.
    private func put(_ text: String) {
        var text = text
        text.withUTF8 { buffer in
            var written = 0
            while written < buffer.count {
                // SAFETY: the pointer and the remaining length stay inside the buffer.
                let count = unsafe Glibc.write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written },
                    buffer.count - written)
                if count > 0 {
                    written += count
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
