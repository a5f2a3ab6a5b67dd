/// The SQL files of this folder in their order of application, compiled into the binary.
///
/// The files are the only source of the schema. A test compares this list with the folder.
package enum Migrations {
    /// One file: its name without `.sql` is its identity.
    package struct File: Sendable {
        package let name: String
        package let sql: [UInt8]
        /// It builds a table anew, which rows of other tables name, and gives it the old name.
        package var isRebuilding = false

        /// A file under a name.
        package init(name: String, sql: [UInt8], isRebuilding: Bool = false) {
            self.name = name
            self.sql = sql
            self.isRebuilding = isRebuilding
        }
    }

    /// All files, first to last.
    ///
    /// SwiftPM turns a leading digit of a file name into `_`.
    package static var all: [File] {
        [
            File(name: "0001_ledger", sql: PackageResources._001_ledger_sql),
            File(name: "0002_views", sql: PackageResources._002_views_sql),
            File(
                name: "0003_upcoming_by_time", sql: PackageResources._003_upcoming_by_time_sql),
            File(name: "0004_preflight", sql: PackageResources._004_preflight_sql),
            File(name: "0005_prune", sql: PackageResources._005_prune_sql),
            File(name: "0006_healed", sql: PackageResources._006_healed_sql),
            File(name: "0007_missing_runs", sql: PackageResources._007_missing_runs_sql),
            File(name: "0008_waiting", sql: PackageResources._008_waiting_sql),
            File(name: "0009_clock_offset", sql: PackageResources._009_clock_offset_sql),
            File(name: "0010_auditor_views", sql: PackageResources._010_auditor_views_sql),
            File(name: "0011_events", sql: PackageResources._011_events_sql),
            File(name: "0012_bounded_reads", sql: PackageResources._012_bounded_reads_sql),
            File(name: "0013_sums", sql: PackageResources._013_sums_sql),
            File(name: "0014_outbox", sql: PackageResources._014_outbox_sql),
            File(name: "0015_deadlines", sql: PackageResources._015_deadlines_sql),
            File(name: "0016_heartbeats", sql: PackageResources._016_heartbeats_sql),
            File(name: "0017_trees", sql: PackageResources._017_trees_sql),
            File(name: "0018_attention", sql: PackageResources._018_attention_sql),
            File(name: "0019_config_files", sql: PackageResources._019_config_files_sql),
            File(name: "0020_histograms", sql: PackageResources._020_histograms_sql),
            File(name: "0021_forecast", sql: PackageResources._021_forecast_sql),
            File(name: "0022_fewer_writes", sql: PackageResources._022_fewer_writes_sql),
            File(
                name: "0023_operation_limits", sql: PackageResources._023_operation_limits_sql),
            File(name: "0024_already_done", sql: PackageResources._024_already_done_sql),
            File(name: "0025_slot_rules", sql: PackageResources._025_slot_rules_sql),
            File(
                name: "0026_preflight_problems",
                sql: PackageResources._026_preflight_problems_sql),
            File(name: "0027_make_up", sql: PackageResources._027_make_up_sql),
            File(name: "0028_days_to_come", sql: PackageResources._028_days_to_come_sql),
            File(name: "0029_tree_parts", sql: PackageResources._029_tree_parts_sql),
            File(
                name: "0030_plain_is_open", sql: PackageResources._030_plain_is_open_sql,
                isRebuilding: true),
            File(name: "0031_bounded_turns", sql: PackageResources._031_bounded_turns_sql),
        ]
    }
}
