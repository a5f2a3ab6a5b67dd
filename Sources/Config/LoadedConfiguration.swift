package import Console
package import Engine
import Store
package import Timetable

/// Everything the config files say, checked.
package struct LoadedConfiguration: Sendable {
    /// The main file it was read from.
    package var path: String
    package var engine: EngineConfiguration
    package var daemon: DaemonSettings
    /// How each connection is reached, by name.
    package var access: [String: ConnectionAccess]
    /// With which hosts the ledger is shared; nil: with none.
    package var cluster: ClusterSettings?
    /// How each target of messages is reached, by name.
    package var notify: [String: NotifySettings] = [:]
    /// Where a dead-man service is told of the runs of schedules, by their names.
    package var heartbeats: [String: SecretReference] = [:]
    /// Files that aren't there yet; once one of them is, the config is worth reading again.
    package var awaitedFiles: Set<String> = []
    /// Doubtful things that don't stop the start.
    package var warnings: [ConfigProblem]
    /// The main file has an empty table `[schedules]`: that there is none is meant.
    package var isMeantEmpty = false
    /// Files that hold nothing, or end within a line, as one does that is being written.
    package var unfinishedFiles: [String] = []

    /// The schedule of a name.
    package func schedule(_ name: String) -> Schedule? {
        engine.schedules.first { $0.name == name }
    }
}

/// What is to be done about the secrets that the config refers to.
package enum SecretCheck: Sendable {
    /// They are not looked at: `next`, reads.
    case ignore
    /// A missing file is an error; what only the service can see is a warning: `check`.
    case present
    /// All must be there: a reload.
    case required
    /// Secrets, authorities, dates and zones may come later: `daemon`.
    case awaited
}

/// Reads the config files and builds what the engine and the daemon need.
package struct ConfigurationLoader {
    private let host: any HostReading

    /// Makes a loader over a host's files.
    package init(host: any HostReading) {
        self.host = host
    }

    /// Reads the main file and `schedules.d/*.toml` beside it.
    ///
    /// - Parameters:
    ///   - path: The main file.
    ///   - secrets: What is to be done about secrets.
    ///   - now: For warnings of calendars that are about to end; nil: none of those.
    /// - Returns: The checked configuration.
    /// - Throws: all errors that were found, not only the first.
    package func load(
        _ path: String, secrets: SecretCheck = .ignore, now: Instant? = nil
    ) throws(ConfigRejected) -> LoadedConfiguration {
        let problems = ConfigProblems(isPatient: secrets == .awaited)
        let merged = ConfigFiles(host: host, problems: problems).read(path)
        let (settings, catchup) = DaemonSection.read(merged.daemon, problems: problems)
        var connections: [String: Connection] = [:]
        var access: [String: ConnectionAccess] = [:]
        for (name, node) in merged.connections.sorted(by: { $0.key < $1.key }) {
            guard
                let found = ConnectionSection.read(
                    node, name: name, today: now.map { CivilDate(ofUTC: $0) }, problems: problems)
            else { continue }
            connections[name] = found.connection
            access[name] = found.access
            checkSecrets(found.access, of: node, secrets, problems)
            access[name]?.caContent = readAuthorities(found.access, of: node, secrets, problems)
        }
        let (schedules, waiting, parts, calendars) = readSchedules(
            merged, today: now.map { LocalDateTime(localSeconds: $0.seconds).date }, problems)
        let cluster = ClusterSection.read(merged.cluster, problems: problems)
        if let cluster, let node = merged.cluster {
            checkSecrets([("postgres", cluster.postgres)], of: node, secrets, problems)
            problems.error(
                node.path, at: node.keyPosition,
                "this version does not share its ledger with another host yet: remove [cluster]")
        }
        let targets = readTargets(merged, secrets, problems)
        let plan = noticePlan(targets, schedules + parts, merged, problems)
        let heartbeats = readHeartbeats(merged, secrets, problems)
        SharedProcesses(connections: connections, schedules: schedules)
            .warn(at: merged.schedules, problems)
        if merged.schedules.isEmpty, !problems.hasErrors {
            problems.warning(
                ConfigPath(), at: SourcePosition(file: path, line: 1, column: 1),
                "there is no schedule: nothing will ever be started")
        }
        let warnings = problems.sorted(.warning)
        guard !problems.hasErrors else {
            throw ConfigRejected(errors: problems.sorted(.error), warnings: warnings)
        }
        var engine = EngineConfiguration(
            contentHash: merged.hash.text, connections: connections, schedules: schedules,
            catchupPerMinute: catchup, keepHistoryMilliseconds: settings.keepHistoryMilliseconds)
        engine.waiting = waiting
        engine.calendars = calendars
        engine.notices = plan
        engine.notices.heartbeats = Set(heartbeats.keys)
        engine.files = merged.hash.files
        var loaded = LoadedConfiguration(
            path: path, engine: engine, daemon: settings, access: access,
            awaitedFiles: Set(problems.awaited.keys), warnings: warnings,
            isMeantEmpty: merged.isMeantEmpty, unfinishedFiles: merged.unfinished)
        loaded.cluster = cluster
        loaded.notify = targets.mapValues(\.settings)
        loaded.heartbeats = heartbeats
        return loaded
    }

    /// Schedules, those that wait for something by their names, and what is known of the latter: who is
    /// told of them.
    private func readSchedules(
        _ merged: ConfigFiles.Merged, today: CivilDate?, _ problems: ConfigProblems
    ) -> (
        schedules: [Schedule], waiting: [String: String], parts: [Schedule],
        calendars: [String: BusinessCalendar]
    ) {
        if let defaults = merged.defaults {
            // Makes the unknown keys known; the values are judged where a schedule uses them.
            _ = TableReader(defaults, known: ScheduleSection.keys, problems: problems)
        }
        let names = merged.schedules.keys.sorted()
        let files = DateFiles(
            host: host, folder: merged.folder, hash: merged.hash, problems: problems)
        let (calendars, causes) = CalendarSection(files: files, today: today, problems: problems)
            .read(merged.calendars)
        let shelf = ZoneShelf(host)
        let (windows, windowCauses) = WindowSection(
            defaults: merged.defaults?.entries ?? [:], zones: shelf, files: files,
            scheduleNames: names, problems: problems
        ).read(merged.windows)
        let context = ScheduleSection.Context(
            defaults: merged.defaults?.entries ?? [:],
            connections: merged.connections.keys.sorted(), calendars: calendars,
            calendarCauses: causes, windows: windows, windowCauses: windowCauses,
            scheduleNames: names, targets: merged.notify.keys.sorted(),
            zones: shelf, files: files)
        var schedules: [Schedule] = []
        var waiting: [String: String] = [:]
        var parts: [Schedule] = []
        for name in names {
            guard let node = merged.schedules[name] else { continue }
            let section = ScheduleSection(node, name: name, context: context, problems: problems)
            let errors = problems.errorCount
            let found = section.read()
            let cause = problems.takeCauses()
            guard let found else { continue }
            if found.isWhole {
                schedules.append(found.schedule)
            } else if problems.errorCount == errors, let cause {
                waiting[name] = cause
                parts.append(found.schedule)
            }
        }
        refuseCycles(schedules, merged.schedules, problems)
        return (schedules, waiting, parts, calendars.compactMapValues { $0?.calendar })
    }

    private func readHeartbeats(
        _ merged: ConfigFiles.Merged, _ secrets: SecretCheck, _ problems: ConfigProblems
    ) -> [String: SecretReference] {
        if let node = merged.defaults?.entries?["heartbeat"] {
            problems.error(
                node.path, at: node.keyPosition,
                "belongs to a schedule, each has an address of its own")
        }
        var heartbeats: [String: SecretReference] = [:]
        for (name, node) in merged.schedules where node.entries?["heartbeat"] != nil {
            guard
                let reference = TableReader(
                    node, known: ScheduleSection.keys, problems: problems
                ).secret("heartbeat")
            else { continue }
            heartbeats[name] = reference
            checkSecrets([("heartbeat", reference)], of: node, secrets, problems)
        }
        return heartbeats
    }

    private func readTargets(
        _ merged: ConfigFiles.Merged, _ secrets: SecretCheck, _ problems: ConfigProblems
    ) -> [String: NotifySection.Found] {
        let zones = ZoneShelf(host)
        var targets: [String: NotifySection.Found] = [:]
        for (name, node) in merged.notify.sorted(by: { $0.key < $1.key }) {
            let section = NotifySection(
                node, defaults: merged.defaults?.entries ?? [:], zones: zones, problems: problems)
            guard let found = section.read() else { continue }
            targets[name] = found
            checkSecrets(found.settings.references, of: node, secrets, problems)
        }
        return targets
    }

    /// Who is told of what: each schedule's own `notify` or the defaults', and by tag.
    private func noticePlan(
        _ targets: [String: NotifySection.Found], _ schedules: [Schedule],
        _ merged: ConfigFiles.Merged, _ problems: ConfigProblems
    ) -> NoticePlan {
        let defaults = merged.defaults.flatMap { node in
            TableReader(node, known: ScheduleSection.keys, problems: problems)
                .route(targets: merged.notify.keys.sorted())
        }
        let routes = schedules.map { schedule in
            var route = schedule.notify
            for (name, target) in targets
            where target.tags.contains(where: schedule.tags.contains) {
                for family in EventFamily.sensible { route[family, default: []].insert(name) }
            }
            return (name: schedule.name, connection: schedule.connection, route: route)
        }
        return NoticePlan(
            targets: targets.mapValues(\.habits), schedules: routes, defaults: defaults ?? [:])
    }

    private func refuseCycles(
        _ schedules: [Schedule], _ nodes: [String: ConfigNode], _ problems: ConfigProblems
    ) {
        var upstreams: [String: [String]] = [:]
        for schedule in schedules {
            if case .after(let rule) = schedule.trigger {
                upstreams[schedule.name] = rule.upstreams
            }
        }
        for cycle in UpstreamCycles.find(upstreams) {
            guard let node = nodes[cycle[0]] else { continue }
            let after = node.entries?["after"] ?? node
            problems.error(
                after.path, at: after.keyPosition,
                "waits for itself: " + (cycle + [cycle[0]]).joined(separator: " → ")
                    + "; break the circle at one of them")
        }
    }

    private func checkSecrets(
        _ access: ConnectionAccess, of node: ConfigNode, _ check: SecretCheck,
        _ problems: ConfigProblems
    ) {
        var references = [(key: "client_secret", reference: access.clientSecret)]
        if case .secret(let reference) = access.clientID {
            references.append(("client_id", reference))
        }
        if case .secret(let reference) = access.proxy { references.append(("proxy", reference)) }
        checkSecrets(references, of: node, check, problems)
    }

    private func checkSecrets(
        _ references: [(key: String, reference: SecretReference)], of node: ConfigNode,
        _ check: SecretCheck, _ problems: ConfigProblems
    ) {
        guard check != .ignore else { return }
        for (key, reference) in references {
            let place = node.entries?[key] ?? node
            do throws(SecretUnavailable) {
                let secret = try reference.resolve(host)
                let mistake =
                    switch key {
                    case "proxy": ProxyText.mistakeOfSecret(secret)
                    case "url", "heartbeat": NotifyAddress.mistake(secret)
                    case "postgres": PostgresText.mistake(secret)
                    default: String?.none
                    }
                if let mistake {
                    throw SecretUnavailable(reference: reference, reason: mistake)
                }
            } catch {
                let isOnlyOurs: Bool =
                    if case .environment = reference { true } else { error.isOutsideService }
                if check == .present, isOnlyOurs {
                    problems.warning(place, "not checked, \(error)")
                } else if check == .awaited {
                    problems.warning(place, "\(error); waited for")
                } else {
                    problems.error(place, "\(error)")
                }
            }
            if case .file(let path) = reference, host.isWorldReadable(path) == true {
                problems.warning(
                    place, "\(path) can be read by everybody on this host; chmod 0600 \(path)")
            }
        }
    }

    /// The file of authorities as it is now.
    private func readAuthorities(
        _ access: ConnectionAccess, of node: ConfigNode, _ check: SecretCheck,
        _ problems: ConfigProblems
    ) -> [UInt8]? {
        guard check != .ignore, let file = access.caFile, let place = node.entries?["ca_file"]
        else {
            return nil
        }
        var mistake: String?
        var bytes: [UInt8]?
        do {
            bytes = try host.read(file, limit: 4 * 1024 * 1024)
            if bytes?.firstRange(of: Array("-----BEGIN CERTIFICATE-----".utf8)) == nil {
                mistake =
                    "\(file) holds no certificate in PEM form (-----BEGIN CERTIFICATE-----); one in "
                    + "DER form becomes PEM by: openssl x509 -inform der -in FILE"
            }
        } catch {
            mistake = "\(file) can't be read: \(error.reason)"
        }
        if let mistake {
            if check == .awaited {
                problems.warning(place, mistake + "; waited for")
            } else {
                problems.error(place, mistake)
            }
        }
        return bytes
    }
}

extension ConfigurationLoader {
    /// The TOML files as they are, whatever is wrong in them.
    ///
    /// - Parameter path: The main file.
    /// - Returns: those that can be read.
    package func sourceFiles(_ path: String) -> [SourceFile] {
        ConfigFiles(host: host, problems: ConfigProblems()).read(path).hash.files
    }

    /// Only the `[daemon]` table: a read of the ledger must not fail on a schedule's error.
    ///
    /// - Parameter path: The main file.
    /// - Returns: The settings.
    /// - Throws: The errors of `[daemon]`, or that the file can't be read.
    package func daemonSettings(_ path: String) throws(ConfigRejected) -> DaemonSettings {
        let problems = ConfigProblems()
        let files = ConfigFiles(host: host, problems: problems)
        let node = files.readTop(path)?.entries?["daemon"]
        let settings = DaemonSection.read(node, problems: problems).settings
        guard !problems.hasErrors else {
            throw ConfigRejected(errors: problems.sorted(.error), warnings: [])
        }
        return settings
    }
}
