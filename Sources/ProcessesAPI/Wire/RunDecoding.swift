import Timetable

/// The API's `Action`: when something was done, and by whom.
struct ActionStamp {
    var at: Instant?
    var user: String?

    /// Reads `{dateTime, user: {id}}`; a bare date-time and a bare user id are taken too.
    static func reading(_ reader: inout JSONReader) throws(JSONError) -> ActionStamp {
        var stamp = ActionStamp()
        if try reader.peek() == .string {
            stamp.at = try reader.string().flatMap(APIDateTime.parse)
            return stamp
        }
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "dateTime": stamp.at = try reader.string().flatMap(APIDateTime.parse)
            case "user": stamp.user = try ActionStamp.readingUser(&reader)
            default: try reader.skip()
            }
        }
        return stamp
    }

    /// Reads `{id}` or the id alone; an empty one is none.
    static func readingUser(_ reader: inout JSONReader) throws(JSONError) -> String? {
        var id: String?
        if try reader.peek() == .string {
            id = try reader.string()
        } else {
            try reader.object { reader, key throws(JSONError) in
                if key == "id" { id = try reader.string() } else { try reader.skip() }
            }
        }
        return id?.isEmpty == false ? id : nil
    }
}

extension RunStatus {
    /// What a status that wasn't sent is called; like every unknown status it counts as open.
    package static let missing = RunStatus("unknown")

    static func reading(_ reader: inout JSONReader) throws(JSONError) -> RunStatus? {
        guard let word = try reader.string(), !word.isEmpty else { return nil }
        return RunStatus(EscapedText.bounded(word, bytesMax: 100)).canonical
    }
}

extension RunSummary {
    /// A run as lists show it, or nil if its id can't be read.
    static func reading(_ reader: inout JSONReader) throws(JSONError) -> RunSummary? {
        var run = RunSummary(id: "", status: .missing)
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "id": run.id = try reader.string() ?? ""
            case "process": run.process = try reader.string()
            case "name": run.name = try reader.string()
            case "status": run.status = try RunStatus.reading(&reader) ?? .missing
            case "created":
                let stamp = try ActionStamp.reading(&reader)
                (run.created, run.createdBy) = (stamp.at, stamp.user)
            case "modified": run.modified = try ActionStamp.reading(&reader).at
            case "completedDate":
                run.completed = try reader.string().flatMap(APIDateTime.parse)
            case "dueDate": run.dueDate = try reader.string()
            case "managerUser": run.managerUser = try ActionStamp.readingUser(&reader)
            default: try reader.skip()
            }
        }
        return APIIdentifier.isValid(run.id) ? run : nil
    }
}

extension ProcessRun {
    /// A run in full.
    ///
    /// - Parameters:
    ///   - bytes: The body.
    ///   - asked: The id that was asked for; nil for a start, which must tell its run's id.
    /// - Returns: The run, whose id is valid.
    /// - Throws: What is missing in the body.
    static func decoding(_ bytes: [UInt8], asked: String?) throws(BodyError) -> ProcessRun {
        var run = ProcessRun(id: "", status: .missing)
        var hasStatus = false
        var isNamedTwice = false
        try BodyError.object(bytes) { reader, key throws(JSONError) in
            switch key {
            case "status":
                let status = try RunStatus.reading(&reader)
                hasStatus = status != nil
                run.status = status ?? .missing
            case "root":
                var tree = TreeReader()
                run.root = try tree.group(&reader, level: 0)
                run.jobCounts = tree.jobCounts
                run.isTreeTruncated = tree.isTruncated
            case "id":
                let id = try reader.string() ?? ""
                isNamedTwice = isNamedTwice || !run.id.isEmpty && run.id != id
                run.id = id
            default: try run.readField(key, &reader)
            }
        }
        guard !isNamedTwice else { throw .missing("id that is one") }
        if asked != nil {
            // What a list says of its status is more than nothing.
            guard hasStatus else { throw .missing("status") }
            if run.id.isEmpty { run.id = asked ?? "" }
        }
        guard APIIdentifier.isValid(run.id) else { throw .missing("readable run id") }
        if let asked, run.id != asked { throw .missing("run \(asked), but another one") }
        run.treeJSON = bytes
        return run
    }

    private mutating func readField(
        _ key: String, _ reader: inout JSONReader
    ) throws(JSONError) {
        switch key {
        case "process": process = try reader.string()
        case "name": name = try reader.string()
        case "created":
            let stamp = try ActionStamp.reading(&reader)
            (created, createdBy) = (stamp.at, stamp.user)
        case "modified": modified = try ActionStamp.reading(&reader).at
        case "completedDate": completed = try reader.string().flatMap(APIDateTime.parse)
        case "dueDate": dueDate = try reader.string()
        case "managerUser": managerUser = try ActionStamp.readingUser(&reader)
        case "statusCounts": statusCounts = try Self.readingCounts(&reader)
        case "revision": revision = try reader.integer()
        default: try reader.skip()
        }
    }

    /// So many different statuses are kept of one map; no API has more words than that.
    private static let countsMax = 1_000

    /// Reads a map of counts, nil if it is none; entries that are no whole number from zero up are
    /// left out.
    private static func readingCounts(
        _ reader: inout JSONReader
    ) throws(JSONError) -> [String: Int64]? {
        var counts: [String: Int64] = [:]
        let isObject = try reader.object { reader, key throws(JSONError) in
            guard let count = try reader.integer(), count >= 0, counts.count < countsMax else {
                return
            }
            counts[EscapedText.bounded(key, bytesMax: 100)] = count
        }
        return isObject ? counts : nil
    }
}

/// Reads a run's tree and counts its jobs by status.
struct TreeReader {
    private(set) var jobCounts: [String: Int64] = [:]
    /// Groups lay deeper than we follow; their jobs aren't counted.
    private(set) var isTruncated = false

    /// The deepest nesting of groups that is followed; the documents show three.
    static let levelMax = 64
    private static let statusesMax = 1_000

    /// Reads a group with everything below; nil for null.
    mutating func group(
        _ reader: inout JSONReader, level: Int
    ) throws(JSONError) -> GroupRun? {
        guard level < Self.levelMax else {
            if try reader.peek() == .object { isTruncated = true }
            try reader.skip()
            return nil
        }
        var group = GroupRun()
        let isObject = try reader.object { reader, key throws(JSONError) in
            switch key {
            case "id": group.id = try reader.string()
            case "name": group.name = try reader.string()
            case "status": group.status = try RunStatus.reading(&reader)
            case "parallel": group.parallel = try reader.bool() ?? false
            case "children":
                try reader.array { reader throws(JSONError) in
                    group.children += try child(&reader, level: level)
                }
            default: try reader.skip()
            }
        }
        return isObject ? group : nil
    }

    /// A child holds its job as `jobRun` or `job`, its group as `groupRun` or `group`.
    private mutating func child(
        _ reader: inout JSONReader, level: Int
    ) throws(JSONError) -> [GroupRun.Child] {
        var children: [GroupRun.Child] = []
        var hasJob = false
        var hasGroup = false
        try reader.object { reader, key throws(JSONError) in
            switch key {
            // A child that says both words says the same thing twice: it is counted once.
            case "jobRun" where !hasJob, "job" where !hasJob:
                guard let job = try self.job(&reader, level: level) else { return }
                hasJob = true
                children.append(.job(job))
            case "groupRun" where !hasGroup, "group" where !hasGroup:
                guard let group = try self.group(&reader, level: level + 1) else { return }
                hasGroup = true
                children.append(.group(group))
            default: try reader.skip()
            }
        }
        return children
    }

    private mutating func job(_ reader: inout JSONReader, level: Int) throws(JSONError) -> JobRun? {
        var job = JobRun()
        var arguments = JobArguments()
        let isObject = try reader.object { reader, key throws(JSONError) in
            switch key {
            case "id": job.id = try reader.string()
            case "action": job.action = try reader.string()
            case "actionStatus": job.actionStatus = try reader.string()
            case "status": job.status = try RunStatus.reading(&reader)
            case "errorCode": job.errorCode = try reader.string()
            case "arguments": arguments = try JobArguments.reading(&reader)
            case "generated": job.generated = try group(&reader, level: level + 1)
            default: try reader.skip()
            }
        }
        guard isObject else { return nil }
        job.title = arguments.title
        job.dueDate = arguments.dueDate(actionStatus: job.actionStatus)
        let status = (job.status ?? .missing).raw
        if jobCounts[status] != nil || jobCounts.count < Self.statusesMax {
            jobCounts[status, default: 0] += 1
        }
        return job
    }
}
