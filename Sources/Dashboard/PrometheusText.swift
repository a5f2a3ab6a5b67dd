/// A metric with all its samples, as `/metrics` shows it.
package struct MetricFamily: Sendable, Equatable {
    /// What Prometheus is told of the values.
    package enum Kind: String, Sendable { case counter, gauge, histogram, summary }

    /// One value with its labels.
    package struct Sample: Sendable, Equatable {
        package let labels: [(name: String, value: String)]
        package let value: Double
        /// `_bucket`, `_sum` or `_count` of a histogram or summary, otherwise empty.
        package let suffix: String

        package init(
            _ value: Double, _ labels: [(name: String, value: String)] = [], suffix: String = ""
        ) {
            self.labels = labels
            self.suffix = suffix
            self.value = value
        }

        package static func == (left: Sample, right: Sample) -> Bool {
            left.value == right.value && left.suffix == right.suffix
                && left.labels.map { [$0.name, $0.value] }
                    == right.labels.map { [$0.name, $0.value] }
        }
    }

    /// Name without the prefix `carillon_`.
    package let name: String
    package let kind: Kind
    /// One sentence for people.
    package let help: String
    package var samples: [Sample]

    package init(_ name: String, _ kind: Kind, help: String, samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }
}

/// Prometheus' text format, version 0.0.4.
package enum PrometheusText {
    /// The value of `Content-Type`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The families, in the order given.
    package static func render(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families {
            let name = "carillon_" + family.name
            text += "# HELP \(name) \(escaped(family.help, quotes: false))\n"
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += name + sample.suffix
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map {
                        "\($0.name)=\"\(escaped($0.value, quotes: true))\""
                    }
                    text += "{\(labels.joined(separator: ","))}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers up to 2^53 are shown as such: counts and timestamps read better.
        if value.rounded() == value, value.magnitude < 9_007_199_254_740_992 {
            return String(Int64(value))
        }
        return String(value)
    }
}
