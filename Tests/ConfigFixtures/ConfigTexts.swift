package import Config

/// A config that is right but for what a case puts into it.
package func config(
    top: String = "", daemon: String = "", connection: String = "", defaults: String = "",
    schedule: String = "", more: String = ""
) -> String {
    """
    version = 1
    \(top)
    [daemon]
    \(daemon)
    [connections.prod]
    client_id = "id"
    client_secret = { credential = "secret" }
    \(connection.contains("base_url") || connection.contains("region") ? "" : "region = \"us\"")
    \(connection)
    [defaults]
    timezone = "America/New_York"
    \(defaults)
    [schedules.one]
    process = "51bcc3ec3d0b4aadb69659e2a7ed767b"
    \(schedule.contains("cron =") || schedule.contains("at =") || schedule.contains("every =")
        || schedule.contains("after =") ? "" : "cron = \"0 6 * * 1-5\"")
    \(schedule)
    \(more)
    """
}

/// Loads a config text as `/c/carillon.toml`.
package func load(
    _ text: String, host: MemoryHost = MemoryHost(), secrets: SecretCheck = .ignore
) throws(ConfigRejected) -> LoadedConfiguration {
    var host = host
    host.files["/c/carillon.toml"] = text
    return try ConfigurationLoader(host: host).load("/c/carillon.toml", secrets: secrets)
}

/// Loads a config text as `/c/carillon.toml`; the rendered errors.
package func errors(_ text: String, host: MemoryHost = MemoryHost()) -> [String] {
    var host = host
    host.files["/c/carillon.toml"] = text
    do {
        _ = try ConfigurationLoader(host: host).load("/c/carillon.toml")
        return []
    } catch {
        return error.errors.map(\.description)
    }
}
