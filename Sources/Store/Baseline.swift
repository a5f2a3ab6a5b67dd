/// What the last look before a start showed as the process's run.
package enum Baseline: Sendable, Equatable {
    case run(String)
    case noRun
    /// No look was possible in time.
    case notKnown

    private static let noRunText = "none"
    private static let notKnownText = "not known"

    /// As the ledger keeps it, and shows it to people.
    package var stored: String {
        switch self {
        case .run(let runID): runID
        case .noRun: Self.noRunText
        case .notKnown: Self.notKnownText
        }
    }

    /// Reads what `stored` wrote.
    package init(stored text: String) {
        self =
            switch text {
            case Self.noRunText: .noRun
            case Self.notKnownText: .notKnown
            default: .run(text)
            }
    }

    /// The run it shows; nil: none, or it is not known.
    package var runID: String? {
        guard case .run(let runID) = self else { return nil }
        return runID
    }
}
