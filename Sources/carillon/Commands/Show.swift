import ArgumentParser
import Console
import Dashboard
import JSON
import Store

/// `carillon show`: one run with its tree.
struct Show: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show one run: its slot, its counts, how its status changed, and its tree.",
        discussion: """
            RUN is a run's id, or its beginning (6 characters or more).

              carillon show 8e1f04
              carillon show 8e1f04 --json     with the body as the API sent it

            Carillon can't cancel a run, as the API has no call for it: open the process in Workiva \
            and cancel it there; Carillon notices at its next check.
            """)

    @OptionGroup var ledger: LedgerOptions

    @Argument(help: ArgumentHelp("The run's id.", valueName: "run"))
    var runID: String

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        let found = try reader.run(runID)
        let id = try RunReference.id(runID, among: found)
        let body = try reader.tree(runID: id)
        let changes = try reader.statusHistory(runID: id)
        if ledger.json {
            guard case .object(var members) = LedgerOutput.object(found, row: 0) else { return }
            let list = changes.rows.indices.map { LedgerOutput.object(changes, row: $0) }
            members.append(.init("status_history", .array(list)))
            members.append(.init("tree", body.map(JSONText.raw) ?? .null))
            return environment.line(JSONText.object(members).text)
        }
        let slot = try found.value("slot_id", row: 0).words.flatMap(Int64.init)
            .map { try reader.slot($0) }
        let rule = slot.flatMap { $0.rows.isEmpty ? nil : $0.value("rule", row: 0).words }
        facts(found, rule: rule, environment)
        let tree = body.map { RunTree(json: Array($0.utf8)) }
        for failure in tree?.failures.prefix(Self.failuresMax) ?? [] {
            environment.line(
                LedgerOutput.fact("error", Printable.escaped(failure.sentence), environment.style))
        }
        if !changes.rows.isEmpty {
            environment.line()
            environment.write(
                LedgerOutput.text(
                    changes,
                    [
                        .init("seen_at", "SEEN", .local), .init("status", "STATUS"),
                        .init("outcome", "OUTCOME"),
                        .init("job_counts", "JOBS", .name, shown: LedgerOutput.counts),
                        .init("counts", "COUNTS", .name, shown: LedgerOutput.counts),
                    ], environment.style, now: environment.now()))
        }
        if let tree { show(tree, environment) }
    }

    /// The tree has them all.
    private static let failuresMax = 10

    private func facts(_ run: LedgerTable, rule: String?, _ environment: CommandEnvironment) {
        let lines = [
            ("run_id", "run"), ("name", "name"), ("status", "status"), ("outcome", "outcome"),
            ("outcome_reason", "because"), ("schedule", "schedule"), ("slot_at", "slot"),
            ("origin", "origin"), ("connection", "connection"), ("process_id", "process"),
            ("created_at", "started"), ("modified_at", "modified"), ("completed_at", "completed"),
            ("due_date", "due"), ("last_polled_at", "last check"), ("next_poll_at", "next check"),
            ("counts", "counts"), ("job_counts", "jobs"),
        ]
        for (column, title) in lines {
            if column == "origin", let rule {
                environment.line(
                    LedgerOutput.fact("by rule", Printable.escaped(rule), environment.style))
            }
            guard let value = run.value(column, row: 0).words, !value.isEmpty else { continue }
            let text = title == "counts" || title == "jobs" ? LedgerOutput.counts(value) : value
            environment.line(LedgerOutput.fact(title, text, environment.style))
        }
    }

    private func show(_ tree: RunTree, _ environment: CommandEnvironment) {
        guard !tree.nodes.isEmpty else { return }
        environment.line()
        var table = TextTable([.init("TREE", narrowest: 24), .init("STATUS"), .init("NOTE")])
        for node in tree.nodes {
            let indent = String(repeating: "  ", count: node.depth)
            let name = node.name + (node.isGroup ? "/" : "")
            table.add([.init(indent + name), .init(node.status), .init(node.note)])
        }
        environment.write(table.text(environment.style))
        if tree.isCut { environment.line("… cut at \(RunTree.nodesMax) lines; see --json") }
    }
}
