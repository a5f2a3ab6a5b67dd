import ProcessesAPI
import Timetable

/// Bodies with trees: a process as it was built, a run as it stands.
extension SandboxState {
    func processBody(_ index: Int, _ inquiry: Inquiry) -> [UInt8] {
        let listed = processes[index]
        var writer = JSONWriter(capacity: 4096)
        writer.object { writer in
            writer.field("id", plain: listed.process.id)
            writer.field("name", listed.process.name)
            writer.field("autoClose", listed.process.autoClose)
            writer.field("certAutoApprove", false)
            writer.field("relativeDates", false)
            if let due = listed.process.dueDate { writer.field("dueDate", due) }
            writer.field("revision", listed.revision)
            write(action: "created", Instant(milliseconds: 0), nil, to: &writer)
            write(action: "modified", listed.modified, nil, to: &writer)
            writer.key("root")
            let tree = TreeWriter(
                blueprint: listed.blueprint, ownerID: listed.process.id, run: nil, now: now,
                shape: inquiry.shape, skipsGenerated: inquiry.skipsGenerated,
                created: written(listed.modified))
            tree.write(group: 0, to: &writer)
        }
        return writer.bytes
    }

    func runBody(_ index: Int, _ inquiry: Inquiry, at instant: Instant) -> [UInt8] {
        let run = runs[index]
        let isPreview = inquiry.shape == .preview
        var writer = JSONWriter(capacity: 4096)
        let tree = TreeWriter(
            blueprint: run.blueprint, ownerID: run.id, run: run, now: instant,
            shape: inquiry.shape, skipsGenerated: inquiry.skipsGenerated,
            created: written(run.createdAt))
        writer.object { writer in
            writer.field("id", plain: run.id)
            writer.field("process", plain: run.process)
            writer.field("name", run.name)
            writer.field("status", run.status(at: instant).raw)
            writer.field("autoClose", run.settings.autoClose)
            writer.field("certAutoApprove", false)
            writer.field("relativeDates", false)
            if isPreview {
                writer.field("ipmBetaEnabled", false)
                writer.field("iwmOptOut", false)
            }
            write(action: "created", run.createdAt, run.user, to: &writer)
            write(action: "modified", shownModified(run, at: instant), run.user, to: &writer)
            if let completed = run.completed(at: instant) {
                writer.field("completedDate", plain: written(completed))
            }
            if let due = run.settings.dueDate { writer.field("dueDate", due) }
            writer.field("managerUser", run.user)
            writer.field("revision", run.timeline.revision(at: instant))
            let counts = run.orderedActionCounts(at: instant, lowercased: isPreview)
            writer.field("statusCounts", counts: counts)
            writer.key("root")
            tree.write(group: 0, to: &writer)
            if !isPreview {
                writer.key("jobRunMap")
                writer.object { tree.writeMap(to: &$0) }
            }
        }
        return writer.bytes
    }
}

extension Inquiry {
    /// `excludeGeneratedJobs=true`.
    var skipsGenerated: Bool { address["excludeGeneratedJobs"] == "true" }
}

/// Writes a tree of groups and jobs, of a run or (without one) of a process.
private struct TreeWriter {
    let blueprint: Blueprint
    let ownerID: String
    let run: SandboxRun?
    let now: Instant
    let shape: APIVersion
    let skipsGenerated: Bool
    let created: String

    func write(group index: Int, to writer: inout JSONWriter) {
        let node = blueprint.nodes[index]
        writer.object { writer in
            writer.field("id", plain: id(index))
            writer.field("name", node.name)
            if let run {
                writer.field("status", run.timeline.status(of: index, at: now, blueprint).raw)
                let counts = run.orderedJobCounts(at: now, below: index)
                writer.field("statusCounts", counts: counts)
                writer.field("active", true)
                writer.field("eligibleToStart", plain: nil as String?)
            }
            writer.field("parallel", node.kind == .group(parallel: true))
            writer.field("readOnly", node.isGenerated)
            writer.field("ordinal", Int64(node.ordinal))
            if node.parent > 0 { writer.field("parent", plain: id(node.parent)) }
            writer.field("triggerType", plain: "whenEligible")
            guard !node.children.isEmpty else { return }
            writer.key("children")
            writer.array { writer in
                for child in node.children { write(child: child, to: &writer) }
            }
        }
    }

    private func write(child index: Int, to writer: inout JSONWriter) {
        let isJob = blueprint.nodes[index].isJob
        // The preview says `job`, and by analogy `group`; a process's own tree does in both.
        let isRunOfStable = run != nil && shape == .stable
        writer.object { writer in
            writer.field("type", plain: isJob ? "job" : "group")
            writer.key((isJob ? "job" : "group") + (isRunOfStable ? "Run" : ""))
            if isJob { write(job: index, to: &writer) } else { write(group: index, to: &writer) }
        }
    }

    /// The convenience copy of all jobs by id, without the generated ones below them.
    func writeMap(to writer: inout JSONWriter) {
        for index in blueprint.nodes.indices where blueprint.nodes[index].isJob {
            guard !blueprint.nodes[index].isGenerated else { continue }
            writer.key(id(index))
            write(job: index, withGenerated: false, to: &writer)
        }
    }

    private func write(job index: Int, withGenerated: Bool = true, to writer: inout JSONWriter) {
        let node = blueprint.nodes[index]
        guard case .job(let action) = node.kind else { return }
        writer.object { writer in
            writer.field("id", plain: id(index))
            writer.field("action", plain: action)
            if let run { write(stateOf: index, node, run, to: &writer) }
            writer.field("ordinal", Int64(node.ordinal))
            if node.parent > 0 { writer.field("parent", plain: id(node.parent)) }
            writer.field("readOnly", node.isGenerated)
            writer.field("triggerType", plain: "whenEligible")
            writer.key("arguments")
            write(argumentsOf: node, action, due: dueDay(of: run), to: &writer)
            writer.key("created")
            writer.object { writer in
                writer.field("dateTime", plain: created)
                writer.field("user", plain: nil as String?)
            }
            if withGenerated, !skipsGenerated, let generated = node.generatedGroup {
                writer.key("generated")
                write(group: generated, to: &writer)
            }
        }
    }

    private func write(
        stateOf index: Int, _ node: Blueprint.Node, _ run: SandboxRun,
        to writer: inout JSONWriter
    ) {
        let status = run.timeline.status(of: index, at: now, blueprint)
        let isPreview = shape == .preview
        writer.field(
            "job", plain: node.isGenerated ? nil : Identifier.node(of: run.process, index: index))
        writer.field("status", status.raw)
        writer.field(
            "actionStatus", plain: run.actionStatus(of: index, at: now, lowercased: isPreview))
        let hasFailed = status == .error || status == .errorHold
        writer.field("errorCode", plain: hasFailed ? "ACTION_EXECUTION_FAILED" : nil)
        writer.field("eligibleToStart", status == .waiting)
        writer.field("metadata", plain: nil as String?)
    }

    /// The day on which the jobs of a run are due.
    private func dueDay(of run: SandboxRun?) -> String {
        let created = run?.createdAt ?? now
        let days = run?.settings.jobsDueAfterDays ?? 30
        return String(created.adding(milliseconds: days * 86_400_000).iso8601.prefix(10))
    }

    private func write(
        argumentsOf node: Blueprint.Node, _ action: String, due: String,
        to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.field("type", plain: action)
            guard !node.isGenerated else { return }
            writer.key(action + "Args")
            writer.object { writer in
                writer.field("title", node.name)
                writer.field("instructions", nil as String?)
                guard action != "certification" else { return }
                // Plain ids in the preview's sample, objects in the later document.
                if shape == .preview {
                    writer.field("assigneeUser", "VXNlci1Bc3NpZ25lZQ")
                    writer.field("dueDate", plain: due + "T00:00:00Z")
                } else {
                    writer.key("assignee")
                    writer.object { writer in
                        writer.field("id", plain: "VXNlci1Bc3NpZ25lZQ")
                        writer.field("type", plain: "user")
                    }
                    writer.field("dueDate", plain: due)
                }
            }
        }
    }

    private func id(_ index: Int) -> String { Identifier.node(of: ownerID, index: index) }
}
