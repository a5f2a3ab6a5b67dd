import Console

/// Where a value stands inside a config file: `schedules.gl-refresh.tags[0]`.
package struct ConfigPath: Hashable, Sendable, CustomStringConvertible {
    /// One step of the path.
    package enum Step: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    /// The steps from the top of the file.
    package var steps: [Step] = []

    /// Makes the path of the whole file.
    package init() {}

    /// Makes a path of keys.
    package init(_ keys: String...) {
        steps = keys.map(Step.key)
    }

    /// The path of a key inside this table.
    package func appending(_ key: String) -> ConfigPath {
        var longer = self
        longer.steps.append(.key(key))
        return longer
    }

    /// The path of an element inside this array.
    package func appending(index: Int) -> ConfigPath {
        var longer = self
        longer.steps.append(.index(index))
        return longer
    }

    /// The path as a person would write it; keys that TOML needs quoted are quoted.
    package var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key):
                if !text.isEmpty { text += "." }
                text += Self.isBare(key) ? key : "\"" + Printable.escaped(key) + "\""
            }
        }
        return text
    }

    private static func isBare(_ key: String) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// A place in a file, counted from 1; columns count Unicode scalars, as editors do.
package struct SourcePosition: Hashable, Sendable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String {
        line == 0 ? file : "\(file):\(line):\(column)"
    }
}
