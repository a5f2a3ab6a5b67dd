import Console

/// The host as a person's verb sees it: where systemd has given us no credentials, those of the
/// running service are looked at, which root may read.
struct ServiceCredentials: HostOverlay {
    /// Where systemd keeps what LoadCredential= of our unit names, as long as the service runs.
    static let folder = "/run/credentials/carillon.service"
    private static let variable = "CREDENTIALS_DIRECTORY"

    let host: any HostReading

    /// Lays them over a host.
    init(over host: any HostReading) {
        self.host = host
    }

    /// The variable of our own environment; systemd's, if we have none.
    func environment(_ name: String) -> String? {
        let value = host.environment(name)
        guard name == Self.variable, value ?? "" == "" else { return value }
        do {
            return try host.names(inFolder: Self.folder).isEmpty ? value : Self.folder
        } catch {
            // It is there and not ours: reading a file of it says so, with the path.
            return error.kind == .notPermitted ? Self.folder : value
        }
    }
}
