import Console

/// The files of one configuration: `carillon.toml` and `schedules.d/*.toml` beside it.
struct ConfigFiles {
    /// Largest file that is read; a thousand schedules take about 300 KiB.
    static let bytesMax = 8 * 1024 * 1024

    /// Named tables of all files, merged, and the hash of all that was read.
    struct Merged {
        var daemon: ConfigNode?
        var cluster: ConfigNode?
        var defaults: ConfigNode?
        var connections: [String: ConfigNode] = [:]
        var calendars: [String: ConfigNode] = [:]
        var schedules: [String: ConfigNode] = [:]
        var notify: [String: ConfigNode] = [:]
        var windows: [String: ConfigNode] = [:]
        let hash = ContentHash()
        /// The folder of the main file, which relative paths in the config start from.
        var folder = ""
        /// The main file has a table `schedules` without any in it: none are meant.
        var isMeantEmpty = false
        /// Files that hold nothing, or end within a line, as one does that is being written.
        var unfinished: [String] = []
    }

    static let topKeys = [
        "version", "daemon", "connections", "defaults", "calendars", "schedules", "notify",
        "windows", "cluster",
    ]
    /// Sections whose tables have names of the user's own.
    static let namedSections: Set<ConfigPath.Step> = [
        .key("connections"), .key("calendars"), .key("schedules"), .key("notify"),
        .key("windows"),
    ]
    static let extraKeys = [
        "version", "connections", "calendars", "schedules", "notify", "windows",
    ]

    let host: any HostReading
    let problems: ConfigProblems

    /// Reads and merges all files; problems are noted.
    func read(_ main: String) -> Merged {
        var merged = Merged()
        merged.folder = Self.folder(of: main)
        readFile(main, isMain: true, into: &merged)
        let extras = merged.folder + "schedules.d"
        do {
            // The order of names is the order of reading, whatever the file system says.
            for name in try host.names(inFolder: extras).sorted()
            where name.hasSuffix(".toml") && !name.hasPrefix(".") {
                readFile(extras + "/" + name, isMain: false, into: &merged)
            }
        } catch {
            problems.error(
                ConfigPath(), at: SourcePosition(file: extras, line: 0, column: 0),
                "the folder can't be read: \(error.reason)\(advice(error, extras))")
        }
        return merged
    }

    /// What a person does who may not read a file that others may.
    private func advice(_ error: HostFileFailure, _ path: String) -> String {
        guard error.kind == .notPermitted else { return "" }
        return host.missingGroup(for: path).map { "; \($0.advice)" } ?? ""
    }

    /// `/etc/carillon/` of `/etc/carillon/carillon.toml`, empty for a bare name.
    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// The main file alone, merged with nothing.
    func readTop(_ path: String) -> ConfigNode? {
        readBytes(path, isMain: true).flatMap {
            ConfigTree.parse($0, file: path, problems: problems)
        }
    }

    private func readBytes(_ path: String, isMain: Bool) -> [UInt8]? {
        do {
            return try host.read(path, limit: Self.bytesMax)
        } catch {
            let advice =
                isMain && error.kind == .notFound
                ? "; name another file with --config, see config/example.toml for a start"
                : advice(error, path)
            problems.error(
                ConfigPath(), at: SourcePosition(file: path, line: 0, column: 0),
                "can't be read: \(error.reason)\(advice)")
            return nil
        }
    }

    private func readFile(_ path: String, isMain: Bool, into merged: inout Merged) {
        guard let bytes = readBytes(path, isMain: isMain) else { return }
        let top = ConfigTree.parse(bytes, file: path, problems: problems)
        let node = isMain ? top?.entries?["cluster"]?.entries?["node"] : nil
        merged.hash.add(
            name: path, bytes: bytes, withoutLine: node.map(\.keyPosition.line))
        guard let top else { return }
        if top.entries?.isEmpty ?? true || bytes.last != UInt8(ascii: "\n") {
            merged.unfinished.append(path)
        }
        for (key, entry) in top.entries ?? [:]
        where !(isMain ? Self.topKeys : Self.extraKeys)
            .contains(key)
        {
            let hint =
                !isMain && Self.topKeys.contains(key)
                ? "belongs into the main file, not into schedules.d"
                : "unknown key" + NearestName.hint(key, in: Self.topKeys)
            problems.error(entry.path, at: entry.keyPosition, hint)
        }
        readVersion(top, isMain: isMain)
        if isMain {
            merged.isMeantEmpty = top.entries?["schedules"]?.entries?.isEmpty ?? false
            merged.daemon = top.entries?["daemon"]
            merged.cluster = top.entries?["cluster"]
            merged.defaults = top.entries?["defaults"]
        }
        merge(top.entries?["connections"], "connection", into: &merged.connections)
        merge(top.entries?["calendars"], "calendar", into: &merged.calendars)
        merge(top.entries?["schedules"], "schedule", into: &merged.schedules)
        merge(top.entries?["notify"], "target", into: &merged.notify)
        merge(top.entries?["windows"], "window", into: &merged.windows)
    }

    private func readVersion(_ top: ConfigNode, isMain: Bool) {
        guard let node = top.entries?["version"] else {
            if isMain {
                problems.warning(
                    ConfigPath("version"), at: top.valuePosition,
                    "missing; write version = 1 as the first line")
            }
            return
        }
        if case .integer(1) = node.value { return }
        problems.error(
            node,
            "this Carillon reads version 1 of the config (\(node.shown)); "
                + "write version = 1, or use a newer Carillon")
    }

    private func merge(
        _ section: ConfigNode?, _ word: String, into named: inout [String: ConfigNode]
    ) {
        guard let section else { return }
        guard let entries = section.entries else {
            return problems.error(
                section,
                "expected a table of \(word)s, found \(section.kind)"
                    + nameAdvice(section, word))
        }
        for (name, node) in entries.sorted(by: { $0.key < $1.key }) {
            if !Self.isName(name) {
                problems.error(
                    node.path, at: node.keyPosition,
                    "not a name for a \(word); use 1 to 100 letters, digits, - _ . beginning "
                        + "with a letter or digit")
            }
            if node.entries == nil, Self.keys(of: word).contains(name) {
                problems.error(
                    node.path, at: node.keyPosition,
                    "a key of a \(word), but the header names none; write "
                        + "[\(Self.header(of: word)).NAME] above it")
            } else if let first = named[name] {
                problems.error(
                    node.path, at: node.keyPosition,
                    "a \(word) of this name is already defined at \(first.keyPosition); "
                        + "rename one of the two")
            } else {
                named[name] = node
            }
        }
    }

    /// The section that tables of a kind stand in.
    private static func header(of word: String) -> String {
        word == "target" ? "notify" : word + "s"
    }

    private static func keys(of word: String) -> [String] {
        switch word {
        case "connection": ConnectionSection.keys
        case "calendar": CalendarSection.keys
        case "target": NotifySection.keys
        case "window": WindowSection.keys
        default: ScheduleSection.keys
        }
    }

    /// `[[schedules]]` with a name inside is how other tools list things.
    private func nameAdvice(_ section: ConfigNode, _ word: String) -> String {
        guard case .array(let elements) = section.value else { return "" }
        let names = elements.compactMap { element -> String? in
            guard case .string(let name)? = element.entries?["name"]?.value else { return nil }
            return Self.isName(name) ? name : nil
        }
        return "; each \(word) is a table with its name in the header, "
            + "[\(Self.header(of: word)).\(names.first ?? "NAME")], in single brackets"
    }

    private static func isName(_ name: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard (1...100).contains(name.utf8.count), let first = name.utf8.first else { return false }
        return isWord(first) && name.utf8.allSatisfy { isWord($0) || "-_.".utf8.contains($0) }
    }
}
