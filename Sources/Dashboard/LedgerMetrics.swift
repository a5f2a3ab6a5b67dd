import Store

/// The families of `/metrics` that come from the ledger.
package enum LedgerMetrics {
    /// All names, as `/metrics` shows them.
    package static var names: [String] {
        (["slots_total", "slots_open"] + known.map(\.name)).map { "carillon_" + $0 }
    }

    /// Names, kinds and sentences in the order they are shown.
    private static let known: [(name: String, kind: MetricFamily.Kind, help: String)] = [
        ("start_lag_seconds", .summary, "From the time a slot was due to its accepted start."),
        ("run_duration_seconds", .summary, "From a run's creation to its end."),
        (
            "detect_lag_seconds", .gauge,
            "From a run's end to the look that saw it, the longest of the slots since yesterday."
        ),
        ("runs_in_flight", .gauge, "Runs that are neither complete nor cancelled."),
        ("attempts_unknown", .gauge, "Starts whose answer was lost and is being settled."),
        ("overdue_slots", .gauge, "Slots that are due and not started yet."),
        ("slots_held", .gauge, "Slots that wait for a person's decision."),
        ("attention_items", .gauge, "Rows of the view attention."),
        ("http_requests_total", .counter, "Requests sent to the API."),
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

    /// Puts readings together by name; slots are given as schedule, disposition, count.
    static func families(
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
        for (name, kind, help) in known {
            let samples = readings.filter { $0.name == name || isPart($0.name, of: name) }
                .map { reading in
                    MetricFamily.Sample(
                        reading.value,
                        reading.label.isEmpty ? [] : [(reading.label, reading.labelValue)],
                        suffix: String(reading.name.dropFirst(name.count)))
                }
            if !samples.isEmpty {
                families.append(MetricFamily(name, kind, help: help, samples: samples))
            }
        }
        return families
    }

    private static func isPart(_ name: String, of family: String) -> Bool {
        name == family + "_sum" || name == family + "_count"
    }
}
