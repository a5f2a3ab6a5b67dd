import ArgumentParser
import Console
import JSON

/// `carillon doctor`: whether everything is in its place on this host.
struct Doctor: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Examine this host: config, secrets, zones, database, daemon, control socket.",
        discussion: """
            Reads and asks only, with the daemon up or down. Each line is ok, note (good to know), \
            warn (check it) or bad (fix it), with what to do. The database is read from end to \
            end, which takes a while for a large one. Run it as the daemon's user to see what the \
            daemon sees. The API is not asked: carillon check --online does that.

            Ends with 1 if anything is bad.
            """)

    @OptionGroup var options: ConfigOptions

    @Flag(help: "Print JSON: a list with one object a line.")
    var json = false

    func run(in environment: CommandEnvironment) async throws {
        let examination = Examination(path: options.config, environment: environment)
        let findings = await examination.run()
        if json {
            let list = findings.map { finding in
                JSONText.object([
                    .init("subject", .string(finding.subject)),
                    .init("grade", .string(finding.grade.rawValue)),
                    .init("finding", .string(finding.text)),
                ])
            }
            environment.write(JSONText.lines(list))
        } else {
            var table = TextTable([.init("SUBJECT"), .init(""), .init("FINDING")])
            for finding in findings {
                table.add([
                    .init(finding.subject),
                    .init(finding.grade.rawValue, color: finding.grade.color),
                    .init(finding.text),
                ])
            }
            // Never cut: what is to be done stands at the end of the line.
            let style = OutputStyle(width: nil, hasColor: environment.style.hasColor)
            environment.write(table.text(style))
        }
        let bad = findings.count { $0.grade == .bad }
        guard bad == 0 else {
            throw CommandFailure(
                .failed, json ? "" : Words.count(bad, "thing") + " to fix")
        }
    }
}

extension Examination.Grade {
    fileprivate var color: OutputStyle.Color {
        switch self {
        case .ok: .green
        case .note: .gray
        case .warn: .yellow
        case .bad: .red
        }
    }
}
