import FoundationEssentials
import JSON
import ProcessesAPI

/// A run's tree of groups and jobs as lines with a depth.
///
/// Read from the stored body with no model of its own: whatever the API adds or leaves out, the page
/// shows what is there.
package struct RunTree: Sendable {
    /// A group or a job.
    package struct Node: Sendable, Equatable {
        package let depth: Int
        package let isGroup: Bool
        package let name: String
        package let status: String
        /// What else is worth knowing: the action's own status, an error code, parallel or serial.
        package let note: String
        /// A job in error.
        package let isFailed: Bool

        package init(
            depth: Int, isGroup: Bool, name: String, status: String, note: String,
            isFailed: Bool = false
        ) {
            self.depth = depth
            self.isGroup = isGroup
            self.name = name
            self.status = status
            self.note = note
            self.isFailed = isFailed
        }
    }

    /// More nodes are not shown: a page of that length helps nobody.
    package static let nodesMax = 2_000

    package private(set) var nodes: [Node] = []
    package private(set) var isCut = false
    /// Where people see the run, if the body says so; no other place than Workiva's is believed.
    package private(set) var link: String?

    /// A job in error, as a person names it.
    package struct Failure: Sendable, Equatable {
        package let job: String
        package let code: String?
        package let message: String?

        /// One sentence, the same as in `attention`.
        package var sentence: String {
            "the job \"\(job)\" failed" + (code.map { ": \($0)" } ?? "")
                + (message.map { " (\($0))" } ?? "")
        }
    }
    /// The jobs in error, in the tree's order; those beyond the cut are missing.
    package private(set) var failures: [Failure] = []

    /// Reads the body of a full read; anything unreadable gives an empty tree.
    package init(json: [UInt8]) {
        let bytes = Data(json)
        guard let run = try? JSONDecoder().decode(JSONValue.self, from: bytes) else { return }
        link = ["url", "webUrl", "link", "href"].lazy.compactMap { run.text($0) }
            .first(where: Self.isWorkivas)
        if let root = run["root"] { add(group: root, depth: 0) }
    }

    private mutating func add(group: JSONValue, depth: Int) {
        guard nodes.count < Self.nodesMax else { return isCut = true }
        let order = group["parallel"].flatMap(\.bool).map { $0 ? "in parallel" : "one by one" }
        nodes.append(
            Node(
                depth: depth, isGroup: true, name: group.text("name") ?? "Group",
                status: group.text("status") ?? "", note: order ?? ""))
        for child in group["children"]?.elements ?? [] {
            // The preview says job and group, the later API jobRun and groupRun.
            if let job = child["jobRun"] ?? child["job"] {
                add(job: job, depth: depth + 1)
            } else if let group = child["groupRun"] ?? child["group"] {
                add(group: group, depth: depth + 1)
            }
        }
    }

    private mutating func add(job: JSONValue, depth: Int) {
        guard nodes.count < Self.nodesMax else { return isCut = true }
        // The action is a word in some answers and an object with a type in others.
        let action = job.text("action") ?? job["action"]?.text("type")
        let status = job.text("status") ?? ""
        let title = Self.title(of: job)
        let name = title ?? action ?? job.text("id") ?? "Job"
        let isFailed = RunStatus(status).canonical.isInError
        if isFailed {
            failures.append(
                Failure(job: name, code: job.text("errorCode"), message: job.text("actionStatus")))
        }
        let notes = [title == nil ? nil : action, job.text("actionStatus"), job.text("errorCode")]
            .compactMap { $0 }.filter { $0.lowercased() != status.lowercased() }
        nodes.append(
            Node(
                depth: depth, isGroup: false, name: name, status: status,
                note: notes.joined(separator: ", "), isFailed: isFailed))
        if let generated = job["generated"] { add(group: generated, depth: depth + 1) }
    }
}

extension RunTree {
    /// `https://app.wdesk.com/…`: names of runs come from anybody, and a page here must lead nowhere else.
    private static func isWorkivas(_ address: String) -> Bool {
        guard address.utf8.count <= 2_000, address.hasPrefix("https://"),
            address.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return false }
        let host = address.dropFirst("https://".count).prefix { !"/?#\\".contains($0) }
        return !host.contains("@") && !host.contains(":")
            && ["workiva.com", "wdesk.com"].contains { host == $0 || host.hasSuffix("." + $0) }
    }

    /// The title a person gave the job, which is an argument of its action.
    private static func title(of job: JSONValue) -> String? {
        let arguments = job["arguments"]
        return ["sendTaskArgs", "contentRequestArgs", "certificationArgs"].lazy
            .compactMap { arguments?[$0]?.text("title") }.first
    }
}
