import Foundation

/// Work that may take its time, on a thread that nobody waits for: it has the lowest priority, and
/// rests four times as long as each piece has taken.
///
/// Not awaited by a stop either: reading a large table can't be interrupted, and the process may end
/// in the middle of it.
enum IdleThread {
    /// What follows a piece.
    enum Sequel {
        case another
        /// It could not be done now.
        case again
        case nothing
    }

    private static let restFactor = 4
    private static let restMax = Duration.seconds(60)
    private static let restBeforeAnotherTry = Duration.seconds(10)

    /// Begins the work.
    ///
    /// - Parameters:
    ///   - name: of the thread.
    ///   - piece: does a piece of it.
    static func begin(name: String, piece: @escaping @Sendable () -> Sequel) {
        let thread = Thread {
            // Of this thread alone, on Linux. Refused, the rests still keep it slow.
            _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 19)
            let clock = ContinuousClock()
            while true {
                let began = clock.now
                let next = piece()
                guard next != .nothing else { return }
                let rest =
                    next == .again
                    ? restBeforeAnotherTry : min((clock.now - began) * restFactor, restMax)
                Thread.sleep(forTimeInterval: rest / .seconds(1))
            }
        }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }
}
