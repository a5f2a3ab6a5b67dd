import ArgumentParser
import Config
import Console
import JSON
import Store

/// `carillon version`: what this binary is, and what it stands on.
struct VersionCommand: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version, the commit, and the versions of SQLite and the zone data.",
        discussion: "carillon --version prints the same.")

    @Flag(help: "Print JSON.")
    var json = false

    func run(in environment: CommandEnvironment) async throws {
        let zones = ZoneDataVersion.read(environment.host)
        let facts: [(key: String, title: String, value: String?)] = [
            ("version", "carillon", Release.version), ("commit", "commit", Release.commit),
            ("sqlite", "SQLite", LedgerReader.libraryVersion), ("zone_data", "zone data", zones),
        ]
        if json {
            let members = facts.map { JSONText.Member($0.key, .optional($0.value)) }
            return environment.line(JSONText.object(members).text)
        }
        for (_, title, value) in facts {
            environment.line(
                title + String(repeating: " ", count: max(1, 11 - title.count))
                    + Printable.escaped(value ?? "not known"))
        }
    }
}
