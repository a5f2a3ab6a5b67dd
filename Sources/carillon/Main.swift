import ArgumentParser
import Glibc

/// The command line; docs/protocol.md#command-line lists the verbs.
@main
struct Carillon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "carillon",
        abstract: "Starts Workiva processes on schedule and keeps their whole history.",
        discussion: """
            A first look:

              carillon demo                      what does it do?
              carillon check                     is the config right?
              carillon next                      when does what fire?
              carillon explain '0 6 * * 1-5'     what does an expression say?
            """,
        subcommands: [],
        groupedSubcommands: [
            CommandGroup(
                name: "Service",
                subcommands: [
                    DemoCommand.self, DaemonCommand.self, SandboxCommand.self,
                    VersionCommand.self,
                ]),
            CommandGroup(
                name: "Config",
                subcommands: [
                    Check.self, Next.self, Explain.self, Plan.self, ConfigCommand.self,
                    CalendarCommand.self,
                    SimulateCommand.self, NotifyCommand.self,
                ]),
            CommandGroup(
                name: "Ledger (works with the daemon down)",
                subcommands: [
                    Status.self, Watch.self, Schedules.self, History.self, Runs.self, Errors.self,
                    Attention.self, Notifications.self, Show.self, Why.self, Audit.self,
                    Pauses.self, Backup.self, Restore.self,
                    Doctor.self,
                ]),
            CommandGroup(
                name: "Daemon (over the control socket)",
                subcommands: [
                    Trigger.self, Backfill.self, Pause.self, Resume.self, Skip.self, Resolve.self,
                    Acknowledge.self, Unblock.self,
                    Reload.self, Drain.self, Prune.self,
                ]),
            CommandGroup(name: "API", subcommands: [Processes.self]),
        ])

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "daemon" { DaemonSignals.tame() }
        Glibc.exit(await CommandLineRun.status(arguments, in: .system()))
    }
}
