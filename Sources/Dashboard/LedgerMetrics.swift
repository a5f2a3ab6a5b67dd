import Store

/// The families of `/metrics` that come from the ledger.
package enum LedgerMetrics {
    /// All names, as `/metrics` shows them.
    package static var names: [String] {
        (["slots_total", "slots_open"] + known.map(\.name)).map { "carillon_" + $0 }
    }

    /// Names, kinds and sentences in the order they are shown.
    private static let known: [(name: String, kind: MetricFamily.Kind, help: String)] = [
        ("start_lag_seconds", .histogram, "From the time a slot was due to its accepted start."),
        ("runs_total", .counter, "Runs of slots by outcome; one that changes counts again."),
        ("run_duration_seconds", .histogram, "From a run's creation to its end."),
        (
            "detect_lag_seconds", .gauge,
            "From a run's end to the check that saw it, the longest of the slots since yesterday."
        ),
        ("runs_in_flight", .gauge, "Runs that are neither complete nor cancelled."),
        ("attempts_unknown", .gauge, "Starts whose answer was lost and is being settled."),
        ("overdue_slots", .gauge, "Slots that are due and not started yet."),
        ("slots_held", .gauge, "Slots that wait for a person's decision."),
        ("attention_items", .gauge, "Rows of the view attention."),
        ("http_requests_total", .counter, "Requests by HTTP status; none: there was no answer."),
        ("errors_total", .counter, "Errors by HTTP status; none: there was no answer."),
        ("retry_after_seconds", .gauge, "How long a rate-limit hint still holds."),
        ("breaker_open", .gauge, "1 while starts wait for the API to come back."),
        ("next_fire_timestamp_seconds", .gauge, "The next slot in Unix seconds."),
        (
            "last_success_timestamp_seconds", .gauge,
            "The end of the last succeeded run in Unix seconds."
        ),
        ("loop_progress_timestamp_seconds", .gauge, "The last completed turn in Unix seconds."),
        ("deliveries_waiting", .gauge, "Messages that a target has not taken yet."),
        ("config_revision_info", .gauge, "The configuration in force."),
    ]

    /// What alerts ask for, as label and values: shown as 0 before it happens first, since the growth
    /// of a counter that appears with 1 is seen by nobody.
    private static let alerted: [(name: String, label: String, values: [String])] = [
        ("slots_total", "disposition", ["missed", "expired", "failed"]),
        ("runs_total", "outcome", ["failed", "attention", "lost"]),
    ]

    /// Puts readings together by name.
    ///
    /// - Parameters:
    ///   - readings: of the ledger.
    ///   - slots: as schedule, disposition, count.
    ///   - schedules: all that there are.
    /// - Returns: The families that have a sample.
    static func families(
        _ readings: [LedgerReading], slots: [(String, String, Int64)], schedules: [String]
    ) -> [MetricFamily] {
        var families = families(readings, slots: slots)
        for (name, label, values) in alerted {
            guard let index = families.firstIndex(where: { $0.name == name }) else { continue }
            let known = Set(families[index].samples.map { $0.labels.map(\.value) })
            for schedule in schedules {
                for value in values where !known.contains([schedule, value]) {
                    families[index].samples.append(
                        .init(0, [("schedule", schedule), (label, value)]))
                }
            }
        }
        return families.filter { !$0.samples.isEmpty }
    }

    private static func families(
        _ readings: [LedgerReading], slots: [(String, String, Int64)]
    ) -> [MetricFamily] {
        let samples = slots.map { schedule, disposition, count in
            (
                isFinal: Disposition(rawValue: disposition)?.isFinal ?? false,
                sample: MetricFamily.Sample(
                    Double(count), [("schedule", schedule), ("disposition", disposition)])
            )
        }
        // Only what is final never falls again: a counter. The rest is a gauge.
        var families = [
            MetricFamily(
                "slots_total", .counter, help: "Slots that have ended, by disposition.",
                samples: samples.filter(\.isFinal).map(\.sample)),
            MetricFamily(
                "slots_open", .gauge, help: "Slots that have not ended, by disposition.",
                samples: samples.filter { !$0.isFinal }.map(\.sample)),
        ]
        let byFamily = Dictionary(grouping: readings) { family(of: $0.name) }
        for (name, kind, help) in known {
            let samples = (byFamily[name] ?? [])
                .map { reading in
                    MetricFamily.Sample(
                        reading.value, reading.labels,
                        suffix: String(reading.name.dropFirst(name.count)))
                }
            families.append(MetricFamily(name, kind, help: help, samples: samples))
        }
        return families
    }

    /// The name without what it says of a part of a histogram.
    private static func family(of name: String) -> String {
        let part = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }
        return String(name.dropLast(part?.count ?? 0))
    }
}
