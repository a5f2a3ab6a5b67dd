import Console
import Engine
import Store
import Timetable

/// How a target of messages is reached; what it holds of secrets is where they are.
package struct NotifySettings: Sendable, Equatable {
    /// What kind of receiver it is.
    package enum Kind: String, Sendable, CaseIterable {
        case webhook, teams, slack, mail, command
    }

    package var kind: Kind
    /// Where `webhook`, `teams` and `slack` are posted to.
    package var url: SecretReference?
    /// The key that a webhook's signature is made with.
    package var signWith: SecretReference?
    package var to: [String] = []
    package var from = ""
    /// A program with its arguments, no shell: of `command`, and what mail is piped to.
    package var command: [String] = []
    package var proxy: PlainOrSecret?
    package var caFile: String?

    package init(kind: Kind) { self.kind = kind }

    /// The secrets it needs, by their keys.
    package var references: [(key: String, reference: SecretReference)] {
        var references: [(String, SecretReference)] = []
        if let url { references.append(("url", url)) }
        if let signWith { references.append(("sign_with", signWith)) }
        if case .secret(let reference)? = proxy { references.append(("proxy", reference)) }
        return references
    }
}

/// What is wrong with an address that a secret holds.
package enum NotifyAddress {
    /// The mistake as the end of a sentence, without any of the address; nil: none.
    package static func mistake(_ text: String) -> String? {
        let lower = text.lowercased()
        let isSecure = lower.hasPrefix("https://")
        guard isSecure || lower.hasPrefix("http://") else {
            return "does not begin with https:// (http:// only to this machine)"
        }
        let authority = lower.dropFirst(isSecure ? 8 : 7).prefix { !"/?#".contains($0) }
        guard let (host, _) = HostAndPort.split(String(authority)) else {
            return "has no valid host and port behind https://"
        }
        guard isSecure || HostAndPort.isLoopback(host) else {
            return "is http:// to another machine; only https:// may leave this one"
        }
        return nil
    }
}

/// Reads `[notify.NAME]`.
struct NotifySection {
    static let keys = [
        "kind", "url", "sign_with", "to", "from", "command", "proxy", "ca_file", "tags", "quiet",
        "digest", "timezone",
    ]
    private static let common: Set<String> = ["kind", "tags", "quiet", "digest", "timezone"]
    private static let sendmail = ["/usr/sbin/sendmail", "-t", "-oi"]

    /// A target and what it wants.
    struct Found {
        var settings: NotifySettings
        var habits: NoticePlan.Target
        /// It is told of the schedules with one of these tags.
        var tags: [String]
    }

    private let reader: TableReader
    private let zones: ZoneShelf
    /// Of `[defaults]`.
    private let zoneNode: ConfigNode?

    init(
        _ node: ConfigNode, defaults: [String: ConfigNode], zones: ZoneShelf,
        problems: ConfigProblems
    ) {
        reader = TableReader(node, known: Self.keys, problems: problems)
        self.zones = zones
        zoneNode = defaults["timezone"]
    }

    private var problems: ConfigProblems { reader.problems }

    /// The target; nil if it has no kind.
    func read() -> Found? {
        guard reader.node.entries != nil else { return nil }
        let kinds = NotifySettings.Kind.allCases.map { ($0.rawValue, $0) }
        guard let kind = reader.choice("kind", kinds) else {
            if reader.find("kind") == nil {
                reader.missing(
                    "kind", "missing; write kind = " + TableReader.list(kinds.map(\.0)))
            }
            return nil
        }
        refuseForeignKeys(kind)
        var settings = NotifySettings(kind: kind)
        switch kind {
        case .webhook, .teams, .slack: readAddress(&settings)
        case .mail: readMail(&settings)
        case .command: settings.command = program(isRequired: true) ?? []
        }
        let tags = (reader.strings("tags") ?? []).map(\.text)
        return Found(settings: settings, habits: habits(), tags: tags)
    }

    private static func own(_ kind: NotifySettings.Kind) -> Set<String> {
        switch kind {
        case .webhook: ["url", "sign_with", "proxy", "ca_file"]
        case .teams, .slack: ["url", "proxy", "ca_file"]
        case .mail: ["to", "from", "command"]
        case .command: ["command"]
        }
    }

    private func refuseForeignKeys(_ kind: NotifySettings.Kind) {
        let allowed = Self.common.union(Self.own(kind))
        for key in Self.keys where !allowed.contains(key) {
            guard let node = reader.find(key) else { continue }
            let others = NotifySettings.Kind.allCases.filter { Self.own($0).contains(key) }
            problems.error(
                node.path, at: node.keyPosition,
                "is not for kind = \"\(kind.rawValue)\", but for "
                    + TableReader.list(others.map(\.rawValue)) + "; remove it or change kind")
        }
    }

    private func readAddress(_ settings: inout NotifySettings) {
        settings.url = reader.secret("url")
        if reader.find("url") == nil {
            reader.missing(
                "url",
                "missing; whoever has the address can post, so it is a secret: give "
                    + "{ credential = \"NAME\" }, { file = \"PATH\" } or { env = \"NAME\" }")
        }
        settings.signWith = reader.secret("sign_with")
        settings.proxy = ConnectionSection.proxy(reader)
        if let path = reader.string("ca_file"), let node = reader.find("ca_file") {
            if path.hasPrefix("/") {
                settings.caFile = path
            } else {
                problems.error(node, "must be an absolute path (\(node.shown))")
            }
        }
    }

    private func readMail(_ settings: inout NotifySettings) {
        let to = reader.strings("to", orSingle: true)
        if reader.find("to") == nil || to?.isEmpty ?? false {
            reader.missing("to", "missing; write to = [\"close-team@example.com\"]")
        }
        for (text, node) in to ?? [] where !Self.isMailAddress(text) {
            problems.error(
                node, "not a mail address (\(node.shown)); write \"name@example.com\"")
        }
        settings.to = (to ?? []).map(\.text)
        if let from = reader.string("from"), let node = reader.find("from") {
            settings.from = from
            if !Self.isMailAddress(from) {
                problems.error(
                    node, "not a mail address (\(node.shown)); write \"name@example.com\"")
            }
        } else if reader.find("from") == nil {
            reader.missing("from", "missing; write from = \"carillon@example.com\"")
        }
        settings.command = program(isRequired: false) ?? Self.sendmail
    }

    /// A program and its arguments: an array, or words divided by blanks.
    private func program(isRequired: Bool) -> [String]? {
        guard let node = reader.find("command") else {
            if isRequired {
                reader.missing("command", "missing; write command = [\"/usr/local/bin/page\"]")
            }
            return nil
        }
        guard let words = reader.strings("command", orSingle: true) else { return nil }
        var program = words.map(\.text)
        if case .string(let text) = node.value {
            program = text.split(separator: " ").map { "\($0)" }
        }
        guard let first = program.first, first.hasPrefix("/") else {
            problems.error(
                node,
                "must begin with the absolute path of a program (\(node.shown)); "
                    + "there is no shell and no PATH")
            return nil
        }
        return program
    }

    /// Printable, one `@`, and nothing that could begin another header or recipient.
    private static func isMailAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty && text.utf8.count <= 254
            && text.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && !",;<>()[]\\\"".utf8.contains($0)
            }
    }

    // MARK: When it is told

    private func habits() -> NoticePlan.Target {
        var habits = NoticePlan.Target()
        habits.digestSecondOfDay = timeOfDay(reader, "digest")
        if let quiet = reader.table("quiet", known: ["from", "until"]) {
            let (from, until) = (timeOfDay(quiet, "from"), timeOfDay(quiet, "until"))
            for key in ["from", "until"] where quiet.find(key) == nil {
                quiet.missing(key, "missing; write quiet = { from = \"20:00\", until = \"07:00\" }")
            }
            if let from, let until {
                habits.quiet = NoticePlan.Quiet(fromSecondOfDay: from, untilSecondOfDay: until)
                if from == until {
                    problems.error(quiet.node, "begins when it ends, so it would never be quiet")
                }
            }
        }
        if reader.find("quiet") != nil, let digest = reader.find("digest") {
            problems.error(
                digest.path, at: digest.keyPosition,
                "a target with a daily digest needs no quiet hours; keep one of the two")
        }
        let needsZone = reader.find("quiet") != nil || reader.find("digest") != nil
        if let zone = zone(isNeeded: needsZone) { habits.zone = zone }
        return habits
    }

    private func timeOfDay(_ table: TableReader, _ key: String) -> Int? {
        guard let text = table.string(key), let node = table.find(key) else { return nil }
        guard let second = secondOfDay(fromTimeText: text) else {
            problems.error(node, "not a time of day (\(node.shown)); write \"07:00\"")
            return nil
        }
        return second
    }

    private func zone(isNeeded: Bool) -> Zone? {
        guard let node = reader.find("timezone") ?? (isNeeded ? zoneNode : nil) else {
            if isNeeded {
                reader.missing(
                    "timezone",
                    "missing; write timezone = \"America/New_York\" here or in [defaults]: "
                        + "there is no silent local time")
            }
            return nil
        }
        guard case .string(let name) = node.value else {
            return reader.wrongType(node, "the name of a zone")
        }
        switch zones.zone(name) {
        case .success(let zone): return zone
        case .failure(let refusal):
            problems.error(node, "\(refusal.message) (\(node.shown))")
            return nil
        }
    }
}

extension TableReader {
    /// `notify`: names of targets for the sensible set, or a table of families.
    ///
    /// - Parameter targets: those that there are.
    /// - Returns: who is told of what; nil: it isn't said here.
    func route(targets: [String]) -> NoticePlan.Route? {
        guard let node = find("notify") else { return nil }
        func names(_ list: [(text: String, node: ConfigNode)]) -> Set<String> {
            for (name, place) in list where !targets.contains(name) {
                problems.error(
                    place,
                    targets.isEmpty
                        ? "there is no target; write [notify.\(name)]"
                        : "no target of this name (\(place.shown))"
                            + NearestName.hint(name, in: targets))
            }
            return Set(list.map(\.text))
        }
        guard node.entries != nil else {
            guard let list = strings("notify", orSingle: true) else { return nil }
            let told = names(list)
            return Dictionary(uniqueKeysWithValues: EventFamily.sensible.map { ($0, told) })
        }
        let families = EventFamily.allCases.map(\.rawValue)
        guard let table = table("notify", known: families) else { return nil }
        var route: NoticePlan.Route = [:]
        for family in EventFamily.allCases {
            guard let list = table.strings(family.rawValue, orSingle: true) else { continue }
            route[family] = names(list)
        }
        return route
    }
}
