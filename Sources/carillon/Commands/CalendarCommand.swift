import ArgumentParser
import Config
import Console
import JSON
import Timetable

/// `carillon calendar`: the calendars of the config.
struct CalendarCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calendar",
        abstract: "Show a calendar of the config: business days and holidays.",
        subcommands: [CalendarShow.self])
}

/// `carillon calendar show`: a year of a calendar.
struct CalendarShow: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a year: business days of each month, and holidays with their names.",
        discussion: """
            Says until when the calendar knows its holidays: later ones are missing, and their days \
            are taken for business days.

              carillon calendar show us-close
              carillon calendar show us-close 2027 --json
            """)

    @OptionGroup var options: ConfigOptions

    @Argument(help: ArgumentHelp("The calendar's name.", valueName: "calendar"))
    var name: String

    @Argument(help: ArgumentHelp("The year; this one if there is none.", valueName: "year"))
    var year: Int?

    @Flag(help: "Print JSON.")
    var json = false

    mutating func validate() throws {
        guard year.map((1900...2400).contains) ?? true else {
            throw ValidationError("The year must be 1900 to 2400.")
        }
    }

    func run(in environment: CommandEnvironment) async throws {
        let loaded = try options.load(environment)
        guard let calendar = loaded.engine.calendars[name] else {
            let names = loaded.engine.calendars.keys.sorted()
            throw CommandFailure(
                .notFound,
                "no calendar \"\(Printable.escaped(name, limit: 100))\""
                    + NearestName.hint(name, in: names))
        }
        let today = HostZone.zone(environment.host).local(at: environment.now()).date
        let shown = CalendarYear(calendar, year: year ?? today.year)
        if json { return environment.line(shown.json.text) }
        environment.write(shown.text(environment.style))
        if let note = shown.note { environment.note(Printable.escaped(note)) }
    }
}
