import JSON

/// A part of a run's tree that `outcome` rules look at.
package enum TreePart: Sendable, Hashable {
    /// Jobs of that title.
    case job(String)
    /// The jobs below groups of that name, however deep.
    case group(String)

    /// As the config writes it.
    package var words: String {
        switch self {
        case .job(let title): "job '\(title)'"
        case .group(let name): "group '\(name)'"
        }
    }
}

/// How many jobs of each part of a tree are in which status.
package typealias PartCounts = [TreePart: [String: Int64]]

extension PartCounts {
    /// Reads what the ledger has of those parts that are asked for.
    package init(
        stored rows: [(part: String, status: String, count: Int64)], parts: Set<TreePart>
    ) {
        self = [:]
        for part in parts {
            for row in rows where row.part == part.words {
                self[part, default: [:]][row.status] = row.count
            }
        }
    }

    /// As the ledger keeps it, with sorted keys, so that the same counts are the same text.
    package var stored: String {
        func sorted(_ counts: [String: Int64]) -> JSONText {
            .object(counts.keys.sorted().map { .init($0, .integer(counts[$0] ?? 0)) })
        }
        let parts = keys.sorted { $0.words < $1.words }
        return JSONText.object(parts.map { .init($0.words, sorted(self[$0] ?? [:])) }).text
    }
}
