/// Every key of the schema, for the test that compares it with `config/example.toml`.
package enum ConfigKeys {
    /// The keys that a config may hold, without those inside of inline tables.
    package static let all =
        ConfigFiles.topKeys + DaemonSection.keys + ClusterSection.keys + ConnectionSection.keys
        + CalendarSection.keys + NotifySection.keys + WindowSection.keys + ScheduleSection.keys
}
