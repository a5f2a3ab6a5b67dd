import Timetable

/// One line on a terminal's standard error that says how far a long piece of work has come.
///
/// A class: it remembers when it began and what it showed; used by one thread.
package final class ProgressBar {
    private static let quietMilliseconds: Int64 = 1000
    private static let gapMilliseconds: Int64 = 100
    private static let cells = 30

    private let environment: CommandEnvironment
    private let began: Instant
    private var shownAt: Instant?

    /// Makes a bar that stays invisible for the first second, and without a terminal.
    package init(_ environment: CommandEnvironment) {
        self.environment = environment
        began = environment.now()
    }

    /// Shows a share of the whole, 0 to 1, and some words.
    package func show(_ share: Double, _ words: String) {
        guard environment.style.width != nil else { return }
        let now = environment.now()
        guard now.since(shownAt ?? began) >= gap else { return }
        shownAt = now
        let full = Int(min(max(share, 0), 1) * Double(Self.cells))
        let bar =
            String(repeating: "#", count: full)
            + String(repeating: ".", count: Self.cells - full)
        environment.writeError("\r\u{1B}[K[\(bar)] \(Int(share * 100)) % \(words)")
    }

    /// Takes the line away again.
    package func clear() {
        if shownAt != nil { environment.writeError("\r\u{1B}[K") }
        shownAt = nil
    }

    private var gap: Int64 { shownAt == nil ? Self.quietMilliseconds : Self.gapMilliseconds }
}
