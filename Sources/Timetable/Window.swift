/// A named time in which a schedule's slots don't start as usual: a freeze, a maintenance, a year end.
package struct Window: Sendable {
    /// What becomes of slots that fall into it.
    package enum Effect: String, Sendable {
        /// They are in the ledger as skipped.
        case skip
        /// They start at its end, one for each schedule.
        case delay
        /// They start all the same.
        case run
    }

    /// From an instant on until another one, which is outside.
    package struct Span: Sendable, Equatable {
        package let from: Instant
        package let until: Instant

        /// Makes a span; one that ends before it begins holds nothing.
        package init(from: Instant, until: Instant) {
            self.from = from
            self.until = until
        }
    }

    /// Spans that come again: each begins with an instant of a rule.
    package struct Recurrence: Sendable {
        let rule: FiringRule
        let lastsMilliseconds: Int64

        /// Makes spans of so many milliseconds.
        package init(rule: FiringRule, lastsMilliseconds: Int64) {
            self.rule = rule
            self.lastsMilliseconds = lastsMilliseconds
        }
    }

    /// Spans that touch each other are followed so many times: more is no window but always.
    package static let linksMax = 50

    /// Its name in the config.
    package let name: String
    /// What becomes of the slots of the schedule that it is asked for.
    package let effect: Effect
    /// Dated spans, in order and apart from each other.
    package let spans: [Span]
    private let recurrences: [Recurrence]

    /// Makes a window.
    ///
    /// - Parameters:
    ///   - name: its name in the config.
    ///   - effect: what becomes of a schedule's slots.
    ///   - spans: dated ones, in any order; those that touch are one.
    ///   - recurrences: those that come again.
    package init(name: String, effect: Effect, spans: [Span], recurrences: [Recurrence] = []) {
        self.name = name
        self.effect = effect
        self.recurrences = recurrences
        var merged: [Span] = []
        for span in spans.sorted(by: { ($0.from, $0.until) < ($1.from, $1.until) })
        where span.from < span.until {
            if let last = merged.last, span.from <= last.until {
                merged[merged.count - 1] = Span(
                    from: last.from, until: max(last.until, span.until))
            } else {
                merged.append(span)
            }
        }
        self.spans = merged
    }

    /// The same for a schedule that it means something else to.
    package func with(_ effect: Effect) -> Window {
        Window(name: name, effect: effect, spans: spans, recurrences: recurrences)
    }

    /// When it is over, if an instant falls into it; spans that touch are followed to their end.
    package func end(at instant: Instant) -> Instant? {
        var end: Instant?
        for _ in 0..<Self.linksMax {
            guard let next = oneEnd(at: end ?? instant) else { break }
            end = next
        }
        return end
    }

    /// An instant from which on its recurring spans follow on each other more often than is followed.
    ///
    /// - Parameter instant: where to begin; two thousand beginnings from there on are looked at.
    /// - Returns: nil if it ends each time.
    package func neverEnds(after instant: Instant) -> Instant? {
        guard !recurrences.isEmpty else { return nil }
        var rule = recurrences[0].rule
        if recurrences.count > 1 {
            rule = FiringRule(
                kind: .several(recurrences.map { FiringRule.Part(kind: $0.rule.kind, text: "") }),
                zone: rule.zone, dst: rule.dst)
        }
        for beginning in rule.occurrences(after: instant).prefix(2000) {
            guard let end = end(at: beginning.at), self.end(at: end) != nil else { continue }
            return beginning.at
        }
        return nil
    }

    /// The spans that are not over at an instant, those that touch as one.
    ///
    /// - Parameters:
    ///   - instant: one that holds it is the first of them, from its own beginning on.
    ///   - count: how many at most.
    /// - Returns: in order and apart from each other.
    package func spans(notOverAt instant: Instant, count: Int) -> [Span] {
        var found = Array(spans.drop { $0.until <= instant }.prefix(count))
        for recurrence in recurrences {
            let lasts = recurrence.lastsMilliseconds
            let first = instant.adding(milliseconds: -lasts)
            for begins in recurrence.rule.occurrences(after: first).prefix(count + 1) {
                found.append(Span(from: begins.at, until: begins.at.adding(milliseconds: lasts)))
            }
        }
        let all = Window(name: name, effect: effect, spans: found.filter { $0.until > instant })
        return Array(all.spans.prefix(count))
    }

    /// The end of the longest single span that holds an instant.
    private func oneEnd(at instant: Instant) -> Instant? {
        var ends: [Instant] = []
        if let span = dated(at: instant) { ends.append(span.until) }
        for recurrence in recurrences {
            guard let from = recurrence.rule.previous(atOrBefore: instant)?.at else { continue }
            let until = from.adding(milliseconds: recurrence.lastsMilliseconds)
            if until > instant { ends.append(until) }
        }
        return ends.max()
    }

    /// The last dated span that begins at or before an instant, if it holds it.
    private func dated(at instant: Instant) -> Span? {
        var low = 0
        var high = spans.count
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].from <= instant { low = middle + 1 } else { high = middle }
        }
        guard low > 0, spans[low - 1].until > instant else { return nil }
        return spans[low - 1]
    }
}

/// What the windows of a schedule make of an instant.
package enum WindowVerdict: Sendable, Equatable {
    /// It falls into none.
    case open
    /// It falls into one, and starts all the same.
    case started(String)
    /// It falls into one that skips it, until then.
    case skipped(String, until: Instant)
    /// It falls into one that holds it back until then.
    case delayed(String, until: Instant)

    /// Why it doesn't start at its instant, or that it does, in words; nil: no window has a say.
    ///
    /// - Parameter zone: whose wall clock tells the end.
    /// - Returns: the end of a sentence about the slot.
    package func words(in zone: Zone) -> String? {
        func local(_ end: Instant) -> String {
            end.iso8601(offsetSeconds: zone.offsetSeconds(at: end))
        }
        switch self {
        case .open: return nil
        case .started(let name): return "in window \(name), which lets it start"
        case .skipped(let name, let until): return "in window \(name), until \(local(until))"
        case .delayed(let name, let until):
            return "held back by window \(name) to its end, \(local(until))"
        }
    }

    /// The window that has a say.
    package var window: String? {
        switch self {
        case .open: nil
        case .started(let name), .skipped(let name, _), .delayed(let name, _): name
        }
    }

    /// When it starts instead.
    package var delayedUntil: Instant? {
        if case .delayed(_, let until) = self { until } else { nil }
    }
}

extension [Window] {
    /// What they make of an instant: one that skips it counts most, then one that holds it back.
    package func verdict(at instant: Instant) -> WindowVerdict {
        if isEmpty { return .open }
        var target = instant
        var first: String?
        for _ in 0..<Window.linksMax {
            let covering = compactMap { window in
                window.end(at: target).map { (window: window, end: $0) }
            }
            if let skip = covering.first(where: { $0.window.effect == .skip }) {
                return .skipped(skip.window.name, until: skip.end)
            }
            let delays = covering.filter { $0.window.effect == .delay }
            guard let last = delays.max(by: { $0.end < $1.end }) else {
                guard let first else {
                    return covering.first.map { .started($0.window.name) } ?? .open
                }
                return .delayed(first, until: target)
            }
            // Its end may fall into another one.
            first = first ?? last.window.name
            target = last.end
        }
        return first.map { .delayed($0, until: target) } ?? .open
    }
}
