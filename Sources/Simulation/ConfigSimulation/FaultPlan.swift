import Config
import Console
import Sandbox
package import Timetable

/// What goes wrong in a simulation of `carillon simulate`: the words of `--fault`.
///
/// `KIND[@PART]…`, where a part is a chance (`0.05`, `5%`), a time (`FROM/TO`) or which requests.
package struct FaultPlan {
    /// Armed at the sandbox; of several that fit a request the first one strikes.
    var rules: [FaultRule] = []
    /// What the API itself allows, if that is less than the config believes.
    var limit: RateLimit?
    /// The share of runs that end in `error`.
    var failingRuns = 0.0

    /// Why a text is refused, in a sentence.
    package struct Refusal: Error {
        package var message: String

        package init(message: String) { self.message = message }
    }

    /// The kinds and what each of them means, for `--help`.
    package static let kinds: [(word: String, meaning: String)] = [
        ("outage", "no request gets through; say when: outage@FROM/TO"),
        ("lost-request", "the connection breaks before the API has the start"),
        ("lost-answer", "the start creates its run, but the answer is lost"),
        ("late-answer", "the answer to a start comes after 40 s, when nobody waits for it"),
        ("garbled", "the start creates its run, but the answer can't be read"),
        ("hidden-run", "the answer is lost, and the list shows the run only after 20 minutes"),
        ("429 (or any 4xx, 5xx)", "the API answers so and does nothing; 429 asks for 30 s"),
        ("run-error", "runs that end in error: run-error@0.02"),
        ("limit=N/TIME", "the API itself allows N requests in TIME: limit=500/60s"),
    ]

    private static let words =
        ["outage", "lost-request", "lost-answer", "late-answer", "garbled", "hidden-run"]
        + ["run-error", "limit", "429", "500", "502", "503", "504"]
    private static let calls: [(word: String, operation: String?)] = [
        ("starts", "runProcess"), ("lists", "listProcesses"), ("reads", "getProcessRun"),
        ("tokens", "token"), ("validations", "validateProcess"), ("all", nil),
    ]

    /// What the parts after `@` say.
    private struct Parts {
        var chance: Double?
        var window: Range<Int64>?
        /// nil: not said; `.some(nil)`: all of them.
        var operation: String??
    }

    /// Adds one `--fault`.
    ///
    /// - Parameters:
    ///   - text: as it was written.
    ///   - start: where the simulation begins.
    ///   - time: reads an instant of the command line.
    /// - Throws: `Refusal` for words that mean nothing here.
    package mutating func add(
        _ text: String, from start: Instant, time: (String) throws(Refusal) -> Instant
    ) throws(Refusal) {
        let pieces = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        let kind = pieces[0]
        var parts = Parts()
        for piece in pieces.dropFirst() {
            try Self.read(piece, into: &parts, from: start, time: time)
        }
        if kind.hasPrefix("limit=") { return try addLimit(kind, hasParts: pieces.count > 1) }
        if kind == "run-error" {
            guard let chance = parts.chance, parts.window == nil, parts.operation == nil else {
                throw Refusal(message: "say only how many runs, run-error@0.02")
            }
            return failingRuns = chance
        }
        var rule = try Self.rule(kind, parts)
        rule.probability = parts.chance ?? 1
        rule.window = parts.window
        rules.append(rule)
    }

    private static func rule(_ kind: String, _ parts: Parts) throws(Refusal) -> FaultRule {
        func made(_ fault: Fault, _ usually: String?) -> FaultRule {
            FaultRule(fault, operation: parts.operation ?? usually)
        }
        switch kind {
        case "outage":
            guard parts.window != nil else {
                throw Refusal(message: "say when it is, outage@FROM/TO")
            }
            return made(.lostBefore, nil)
        case "lost-request": return made(.lostBefore, "runProcess")
        case "lost-answer": return made(.lostAfter(), "runProcess")
        case "late-answer": return made(.slow(40_000), "runProcess")
        case "garbled": return made(.answer(.garbage), "runProcess")
        case "hidden-run":
            var fault = Fault.lostAfter()
            fault.hidesRunMilliseconds = 1_200_000
            return made(fault, "runProcess")
        case "limit":
            throw Refusal(message: "write how many in which time, limit=500/60s")
        default: break
        }
        guard let status = Int(kind) else {
            throw Refusal(
                message: "no fault \"\(Printable.escaped(kind, limit: 60))\""
                    + NearestName.hint(kind, in: words)
                    + "; there are \(words.dropLast(5).joined(separator: ", ")) and statuses")
        }
        guard (400...599).contains(status) else {
            throw Refusal(message: "\(status) is no error; statuses are 400 to 599")
        }
        switch status {
        case 429:
            // A name that is not the called operation's: the hint is for the whole connection.
            let operation = parts.operation == .some(nil) ? "listJobs" : "runProcess"
            return made(
                .rateLimited(operation: operation, seconds: 30, header: true), "runProcess")
        case 502, 504: return made(.foreign(status, acts: false), "runProcess")
        default: return made(.error(status, acts: false), "runProcess")
        }
    }

    private static func read(
        _ piece: String, into parts: inout Parts, from start: Instant,
        time: (String) throws(Refusal) -> Instant
    ) throws(Refusal) {
        if piece.contains("/") {
            let span = try span(piece, time: time)
            parts.window = span.from.since(start)..<span.to.since(start)
            return
        }
        if let call = calls.first(where: { $0.word == piece }) {
            parts.operation = .some(call.operation)
            return
        }
        let isPercent = piece.hasSuffix("%")
        guard let number = Double(isPercent ? String(piece.dropLast()) : piece) else {
            throw Refusal(
                message:
                    "\"\(Printable.escaped(piece, limit: 60))\" is neither a chance (0.05, 5%), "
                    + "a time FROM/TO nor one of \(calls.map(\.word).joined(separator: ", "))"
                    + NearestName.hint(piece, in: calls.map(\.word)))
        }
        let chance = isPercent ? number / 100 : number
        guard chance > 0, chance <= 1 else {
            throw Refusal(message: "the chance \(piece) is not above 0 and at most 1")
        }
        parts.chance = chance
    }

    private mutating func addLimit(_ text: String, hasParts: Bool) throws(Refusal) {
        let parts = text.dropFirst(6).split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let requests = Int(parts[0]), requests > 0,
            let milliseconds = DurationText.milliseconds(parts[1]), milliseconds >= 1000,
            !hasParts
        else { throw Refusal(message: "write how many in which time, limit=500/60s") }
        limit = RateLimit(requests: requests, windowSeconds: milliseconds / 1000)
    }

    /// Reads FROM/TO, and FROM..TO.
    ///
    /// - Throws: `Refusal` if it is neither, ends before it begins, or `time` refuses an end.
    package static func span(
        _ text: String, time: (String) throws(Refusal) -> Instant
    ) throws(Refusal) -> (from: Instant, to: Instant) {
        let separator = text.contains("/") ? "/" : ".."
        let ends = text.split(separator: separator, omittingEmptySubsequences: false)
            .map(String.init)
        guard ends.count == 2 else { throw Refusal(message: "write FROM/TO") }
        let span = (from: try time(ends[0]), to: try time(ends[1]))
        guard span.from < span.to else { throw Refusal(message: "it ends before it begins") }
        return span
    }

    /// Reads TIME+1h or TIME-30m.
    ///
    /// - Throws: `Refusal` if it is neither, or `time` refuses its time.
    package static func clockStep(
        _ text: String, time: (String) throws(Refusal) -> Instant
    ) throws(Refusal) -> (at: Instant, milliseconds: Int64) {
        guard let sign = text.lastIndex(where: { $0 == "+" || $0 == "-" }),
            let milliseconds = DurationText.milliseconds(String(text[text.index(after: sign)...])),
            milliseconds > 0
        else {
            throw Refusal(message: "write TIME+1h or TIME-30m")
        }
        let at = try time(String(text[..<sign]))
        return (at, text[sign] == "-" ? -milliseconds : milliseconds)
    }
}
