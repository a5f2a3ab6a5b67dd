import Sandbox

/// What the demo plays: a sandbox whose minutes are seconds, and the config of five schedules.
enum DemoWorld {
    /// A minute of the sandbox's processes lasts this long.
    static let minuteMilliseconds: Int64 = 1000

    /// Five processes, and a few faults that heal by themselves.
    static func scenario() -> Scenario {
        var scenario = Scenario.sample(minuteMilliseconds: minuteMilliseconds)
        // The answer to the second start is lost although the run was created: the daemon must
        // find it, and not start another.
        var lost = FaultRule(.lostAfter(), operation: "runProcess")
        lost.nth = 2
        lost.times = 1
        // Too many requests, with the hint in the message only.
        var throttled = FaultRule(
            .rateLimited(operation: "runProcess", seconds: 3, header: false),
            operation: "runProcess")
        throttled.nth = 5
        throttled.times = 1
        // A gateway that fails for a while: reads are repeated, nothing is judged by it.
        var failing = FaultRule(.foreign(502, acts: false), operation: "getProcessRun")
        failing.nth = 6
        failing.times = 2
        scenario.faults = [lost, throttled, failing]
        return scenario
    }

    /// The demo's config file: the same keys as a real one, with seconds for minutes.
    static func config(folder: String, sandboxPort: Int, httpPort: Int) -> String {
        """
        # Made by `carillon demo`: the embedded sandbox, minutes compressed into seconds.
        version = 1

        [daemon]
        database = "\(folder)/carillon.db"
        control_socket = "\(folder)/control.sock"
        http = "127.0.0.1:\(httpPort)"
        log = "warning"

        [connections.sandbox]
        base_url = "http://127.0.0.1:\(sandboxPort)"
        api_version = "2026-01-01"
        client_id = "sandbox-client"
        client_secret = { file = "\(folder)/client-secret" }
        request_window = "2s"
        settle_within = "3s"

        [defaults]
        connection = "sandbox"
        timezone = "America/New_York"
        poll = { min = "1s", max = "10s" }
        notify = ["people"]

        # Messages to people, as JSON, one a line: a file stands for whoever would be paged.
        [notify.people]
        kind = "command"
        command = ["/usr/bin/tee", "-a", "\(folder)/messages.json"]

        [schedules.gl-refresh]
        description = "Every ten seconds, as if it were every ten minutes"
        process = "0c9a4b7e2f5d4f61a3b8c7d6e5f40312"
        cron = "*/10 * * * * *"

        [schedules.monthly-close]
        description = "Takes longer than its gap: waits in a queue of one"
        process = "51bcc3ec3d0b4aadb69659e2a7ed767b"
        cron = "3/15 * * * * *"
        overlap = "queue"

        [schedules.esg-collection]
        description = "Takes longer than its gap: slots are skipped, and say so"
        process = "8d1f6a02c4e94b7f9d3e5a6b7c8d9e0f"
        cron = "*/12 * * * * *"

        [schedules.sox-certification]
        description = "Sometimes gets stuck and heals"
        process = "3e2d1c0b9a8f47e6b5d4c3f2a1908e7d"
        cron = "5/20 * * * * *"

        [schedules.tax-package]
        description = "Runs after each GL refresh that succeeded, and sooner than it should: that is told"
        process = "b7a6958473625140f9e8d7c6b5a49382"
        after = { schedule = "gl-refresh", on = "success" }
        at_least = "5m"
        """
    }
}
