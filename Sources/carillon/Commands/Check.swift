import ArgumentParser
import Config
import Console
import Engine
import JSON
import Timetable

/// `carillon check`: validate everything.
struct Check: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the config files and say everything that is wrong with them.",
        discussion: """
            Reads the main file and schedules.d/*.toml beside it, and checks every key, rule, zone, \
            calendar, secret and reference. All errors are reported at once, one a line, as \
            FILE:LINE:COLUMN: key: what is wrong and what to write.

            Ends with 0 if the daemon would accept the files, with 2 if not. Warnings don't change \
            that. What is printed then is each schedule with its next fire time.

            With --online it also asks each connection's API: whether the credential gets a token \
            with the scopes file:read and file:write, whether each enabled schedule's process is \
            listed, and what the API's own validation finds wrong with it. Nothing is started.

              carillon check
              carillon check --config ./carillon.toml --online
              carillon check --json       for editors and pipelines
            """)

    @OptionGroup var options: ConfigOptions

    @Flag(name: .shortAndLong, help: "Print errors and warnings only.")
    var quiet = false

    @Flag(help: "Ask the API too: token, scopes, processes, validation.")
    var online = false

    @Flag(help: "Print JSON: one object with valid, errors, warnings and schedules.")
    var json = false

    func run(in environment: CommandEnvironment) async throws {
        let loaded: LoadedConfiguration
        do {
            loaded = try ConfigurationLoader(host: environment.host)
                .load(options.config, secrets: .present, now: environment.now())
        } catch {
            guard json else { throw error }
            environment.line(report(error.errors, error.warnings, nil, [], environment).text)
            throw CommandFailure(.usage)
        }
        if json {
            let online = online ? await found(loaded, environment) : []
            environment.line(report([], loaded.warnings, loaded, online, environment).text)
            if !online.isEmpty { throw CommandFailure(.usage) }
            return
        }
        for warning in loaded.warnings { environment.note("\(warning)") }
        if !quiet { summarize(loaded, environment) }
        if online { try await askAPIs(loaded, environment) }
    }

    private func found(
        _ loaded: LoadedConfiguration, _ environment: CommandEnvironment
    ) async -> [String] {
        await OnlineCheck(loaded: loaded, environment: environment).run().problems
    }

    /// Everything that the check has to say, as one object; `loaded` is nil where files are refused.
    private func report(
        _ errors: [ConfigProblem], _ warnings: [ConfigProblem], _ loaded: LoadedConfiguration?,
        _ online: [String], _ environment: CommandEnvironment
    ) -> JSONText {
        func list(_ problems: [ConfigProblem]) -> JSONText {
            .array(
                problems.map { problem in
                    .object([
                        .init("file", .string(problem.position.file)),
                        .init("line", .integer(Int64(problem.position.line))),
                        .init("column", .integer(Int64(problem.position.column))),
                        .init("key", .string("\(problem.path)")),
                        .init("message", .string(problem.message)),
                    ])
                })
        }
        let now = environment.now()
        let schedules = (loaded?.engine.schedules ?? []).map { schedule in
            JSONText.object([
                .init("schedule", .string(schedule.name)),
                .init("rule", .string(schedule.ruleText)),
                .init("timezone", .string(schedule.timezone)),
                .init("next", .string(ScheduleTimes.nextText(schedule, after: now))),
            ])
        }
        return .object([
            .init("valid", .boolean(errors.isEmpty && online.isEmpty)),
            .init("errors", list(errors)), .init("warnings", list(warnings)),
            .init("online", .array(online.map(JSONText.string))),
            .init("schedules", .array(schedules)),
        ])
    }

    private func askAPIs(
        _ loaded: LoadedConfiguration, _ environment: CommandEnvironment
    ) async throws {
        let findings = await OnlineCheck(loaded: loaded, environment: environment).run()
        if !quiet {
            environment.line()
            for fact in findings.facts { environment.line(fact) }
        }
        for problem in findings.problems { environment.note(problem) }
        guard findings.problems.isEmpty else {
            throw CommandFailure(
                .usage, Words.count(findings.problems.count, "problem") + " found online")
        }
    }

    private func summarize(_ loaded: LoadedConfiguration, _ environment: CommandEnvironment) {
        let count = loaded.engine.schedules.count
        environment.line(
            "\(options.config) is valid: \(Words.count(count, "schedule")), "
                + Words.count(loaded.engine.connections.count, "connection"))
        guard count > 0 else { return }
        var table = TextTable([.init("SCHEDULE"), .init("RULE"), .init("ZONE"), .init("NEXT")])
        let now = environment.now()
        for schedule in loaded.engine.schedules {
            table.add([
                .init(schedule.name), .init(schedule.ruleText), .init(schedule.timezone),
                .init(ScheduleTimes.nextText(schedule, after: now)),
            ])
        }
        environment.write(table.text(environment.style))
    }
}
