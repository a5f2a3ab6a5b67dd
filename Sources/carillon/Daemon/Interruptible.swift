import Logging
import Sandbox
import ServiceLifecycle
import UnixSignals

extension SandboxServer: Service {}

/// Runs one service until ^C or SIGTERM.
enum Interruptible {
    static func run(_ service: some Service) async throws {
        var logger = Logger(label: "carillon")
        logger.logLevel = .critical
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        ).run()
    }
}
