import ArgumentParser
import Config
import Console
import Engine
import JSON
import ProcessesAPI
import Timetable

/// `carillon processes`: what the API lists.
struct Processes: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the processes of a connection as the API shows them now.",
        discussion: """
            Asks the API itself, with the config's credential; the daemon need not run. The id is \
            what process = "…" of a schedule takes; RUN is the last run that the API shows.

              carillon processes
              carillon processes --connection prod --json
            """)

    @OptionGroup var options: ConfigOptions

    @Option(
        help: ArgumentHelp(
            "The connection, where the config has several.", valueName: "name"),
        completion: .connections)
    var connection: String?

    @Flag(help: "Print JSON: a list with one object a line.")
    var json = false

    func run(in environment: CommandEnvironment) async throws {
        let loaded = try options.load(environment)
        let name = try ConnectionChoice.name(
            connection, among: loaded.engine.connections.keys.sorted())
        let listing: APIInquiry.Listing
        do {
            listing = try await APIInquiry.open(name, of: loaded, environment) { inquiry in
                try await inquiry.processes(try await inquiry.token())
            }
        } catch let failure as APIInquiry.Failure {
            throw CommandFailure(.failed, "\(failure)")
        }
        if listing.unreadableItems > 0 {
            environment.note(
                "carillon: left out: " + Words.count(listing.unreadableItems, "item")
                    + " whose id can't be read")
        }
        if json {
            return environment.write(JSONText.lines(listing.processes.map(Self.object)))
        }
        guard !listing.processes.isEmpty else {
            return environment.line(
                "no processes; does the grant's user have access to any?")
        }
        var table = TextTable([.init("PROCESS"), .init("NAME"), .init("RUN"), .init("STATUS")])
        for process in listing.processes {
            table.add([
                .init(process.id), .init(process.name), .init(process.run?.id ?? "-"),
                .init(process.run?.status.raw ?? "never started"),
            ])
        }
        environment.write(table.text(environment.style))
    }

    private static func object(_ process: ProcessSummary) -> JSONText {
        .object([
            .init("process_id", .string(process.id)), .init("name", .string(process.name)),
            .init("run_id", .optional(process.run?.id)),
            .init("run_status", .optional(process.run?.status.raw)),
            .init("run_created_at", .optional(process.run?.created?.iso8601)),
        ])
    }
}
