import ArgumentParser
import Config
package import Console

/// A verb of the command line whose output, clock and files are handed in.
protocol CarillonCommand: AsyncParsableCommand {
    /// Does the verb's work.
    func run(in environment: CommandEnvironment) async throws
}

extension CarillonCommand {
    /// Runs on the real terminal, for whoever calls ArgumentParser's own entry point.
    mutating func run() async throws {
        try await run(in: .system())
    }
}

/// Runs a command line in an environment and answers its exit status.
package enum CommandLineRun {
    /// Parses the arguments (without the program's name), runs the verb, writes what went wrong.
    package static func status(
        _ arguments: [String], in environment: CommandEnvironment
    ) async -> Int32 {
        // The verb knows more than ArgumentParser's own flag could say.
        let arguments = arguments == ["--version"] ? ["version"] : arguments
        do {
            try refuseUnknownVerb(arguments)
            var command = try Carillon.parseAsRoot(arguments)
            if let verb = command as? any CarillonCommand {
                try await verb.run(in: verb is DaemonCommand ? environment : asked(environment))
            } else if var verb = command as? any AsyncParsableCommand {
                try await verb.run()
            } else {
                try command.run()
            }
            return ExitStatus.ok.rawValue
        } catch let failure as CommandFailure {
            if !failure.message.isEmpty { environment.note("carillon: \(failure.message)") }
            return failure.status.rawValue
        } catch let rejected as ConfigRejected {
            for warning in rejected.warnings { environment.note("\(warning)") }
            environment.note("\(rejected)")
            return usageStatus(arguments)
        } catch {
            let text = Carillon.fullMessage(for: error)
            if Carillon.exitCode(for: error).isSuccess {
                environment.line(text)
                return ExitStatus.ok.rawValue
            }
            if let code = error as? ExitCode { return code.rawValue }
            environment.note(text)
            // ArgumentParser would say 64; docs/protocol.md#command-line says 2.
            return Carillon.exitCode(for: error) == .validationFailure
                ? usageStatus(arguments) : ExitStatus.failed.rawValue
        }
    }

    /// A person's verb may look at the service's credentials; the daemon takes its own alone.
    private static func asked(_ environment: CommandEnvironment) -> CommandEnvironment {
        var environment = environment
        environment.host = ServiceCredentials(over: environment.host)
        return environment
    }

    /// ArgumentParser would only call it an unexpected argument, and help on what isn't there is for
    /// it the help on everything.
    private static func refuseUnknownVerb(_ arguments: [String]) throws {
        var topics = arguments[...]
        let isHelp = topics.first == "help"
        if isHelp { topics = topics.dropFirst() }
        var place: any ParsableCommand.Type = Carillon.self
        var path = "carillon"
        for word in topics {
            let verbs = place.configuration.subcommands
            guard !word.hasPrefix("-"), !verbs.isEmpty, word != "help" || isHelp else { return }
            let names = verbs.map { $0.configuration.commandName ?? $0._commandName }
            guard let index = names.firstIndex(of: word) else {
                let kind = isHelp ? "help topic" : "verb"
                let hint = NearestName.hint(word, in: names)
                throw CommandFailure(
                    .usage,
                    "no \(kind) \"\(Printable.escaped(word, limit: 60))\""
                        + (hint.isEmpty ? "; \(path) --help lists them" : hint))
            }
            place = verbs[index]
            path += " " + word
        }
    }

    /// 2, but 78 for the daemon: systemd must not restart what a restart can't mend.
    private static func usageStatus(_ arguments: [String]) -> Int32 {
        let status: ExitStatus = arguments.first == "daemon" ? .configuration : .usage
        return status.rawValue
    }
}

/// `--config FILE`, for every verb that reads the config.
struct ConfigOptions: ParsableArguments {
    static let defaultPath = "/etc/carillon/carillon.toml"

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The main config file; schedules.d/*.toml beside it is read too.", valueName: "FILE"))
    var config = ConfigOptions.defaultPath

    /// The configuration, without looking at its secrets.
    func load(_ environment: CommandEnvironment) throws -> LoadedConfiguration {
        try ConfigurationLoader(host: environment.host).load(config)
    }
}
