import Config
import ConfigFixtures
import Testing

/// Mistakes in what the month-end asks for: `unless_done`, `pause_after`, `max_runs`, last days.
@Suite struct BadMonthEndTests {
    @Test(arguments: [
        BadInput(
            config(schedule: "pause_after = 3"),
            "16:15: schedules.one.pause_after: expected a table, found an integer"),
        BadInput(
            config(schedule: "pause_after = { failure = 3, failures = 2 }"),
            "schedules.one.pause_after.failure: unknown key; did you mean \"failures\"?"),
        BadInput(
            config(schedule: "pause_after = {}"),
            "schedules.one.pause_after.failures: missing; write pause_after = { failures = 3 }"),
        BadInput(
            config(schedule: "pause_after = { failures = 0 }"),
            "schedules.one.pause_after.failures: out of range (0), allowed: 1 to 1000"),
        BadInput(
            config(schedule: "max_runs = \"12\""),
            "16:12: schedules.one.max_runs: expected an integer, found a string (\"12\")"),
        BadInput(
            config(schedule: "max_run = 12"),
            "16:1: schedules.one.max_run: unknown key; did you mean \"max_runs\"?"),
        BadInput(
            config(schedule: "unless_done = true"),
            "16:15: schedules.one.unless_done: expected a table, found a boolean"),
        BadInput(
            config(schedule: "unless_done = { sinse = \"period\" }"),
            "schedules.one.unless_done.sinse: unknown key; did you mean \"since\"?"),
        BadInput(
            config(schedule: "unless_done = { since = \"last slot\" }"),
            "schedules.one.unless_done.since: unknown value (\"last slot\"), allowed: "
                + "\"last-slot\" or \"period\"; did you mean \"last-slot\"?"),
        BadInput(
            config(schedule: "unless_done = { by = \"anyon\" }"),
            "schedules.one.unless_done.by: unknown value (\"anyon\"), allowed: \"anyone\" or "
                + "\"us\"; did you mean \"anyone\"?"),
        BadInput(
            config(connection: "region = \"us\"\ngrant_expires = 5"),
            "10:17: connections.prod.grant_expires: expected a date such as 2027-03-31, found an "
                + "integer (5)"),
        BadInput(
            config(connection: "region = \"us\"\ngrant_expires = \"31.3.2027\""),
            "connections.prod.grant_expires: not a date (\"31.3.2027\"); write 2027-03-31"),
        BadInput(
            config(connection: "region = \"us\"\nversion_ends = \"2027-02-30\""),
            "connections.prod.version_ends: not a date (\"2027-02-30\"); write 2027-03-31"),
        BadInput(
            config(connection: "region = \"us\"\nversion_end = 2027-03-31"),
            "10:1: connections.prod.version_end: unknown key; did you mean \"version_ends\"?"),
    ])
    func mistakes(input: BadInput) {
        expect(input)
    }
}
