/// A table that a failed step puts back without a copy of it being kept: what changes is noted.
///
/// A copy of a hundred thousand looks for every turn would cost more than the turn.
struct UndoTable<Key: Hashable, Value> {
    private enum Change {
        case entry(Key, before: Value?)
        case all(before: [Key: Value])
    }
    private var entries: [Key: Value] = [:]
    private var changes: [Change] = []

    /// Where the table stands now; `restore` leads back to it.
    var mark: Int { changes.count }

    var isEmpty: Bool { entries.isEmpty }
    var keys: [Key: Value].Keys { entries.keys }
    var values: [Key: Value].Values { entries.values }

    subscript(key: Key) -> Value? {
        get { entries[key] }
        set {
            let before = entries[key]
            entries[key] = newValue
            changes.append(.entry(key, before: before))
        }
    }

    mutating func removeAll() {
        changes.append(.all(before: entries))
        entries = [:]
    }

    /// Puts back what has changed since the mark, the newest change first.
    mutating func restore(to mark: Int) {
        while changes.count > mark, let change = changes.popLast() {
            switch change {
            case .entry(let key, let before): entries[key] = before
            case .all(let before): entries = before
            }
        }
    }

    /// What has happened is durable: nothing leads back any more.
    mutating func forgetChanges() { changes.removeAll(keepingCapacity: changes.count < 1000) }
}
