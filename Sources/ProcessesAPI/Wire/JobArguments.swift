/// What of a job's arguments is read, in whichever `…Args` object is filled
/// (docs/processes-api.md#runs).
struct JobArguments {
    var title: String?
    /// Of assignees and of approvers.
    private var assigneesDue: String?
    private var approversDue: String?

    /// Reads `arguments`.
    static func reading(_ reader: inout JSONReader) throws(JSONError) -> JobArguments {
        var arguments = JobArguments()
        try reader.object { reader, key throws(JSONError) in
            guard key.hasSuffix("Args") else { return try reader.skip() }
            try reader.object { reader, key throws(JSONError) in
                switch key {
                case "title": arguments.title = try reader.string()
                case "dueDate", "assigneesDueDate":
                    arguments.assigneesDue = try reader.string() ?? arguments.assigneesDue
                case "approverDueDate", "approversDueDate":
                    arguments.approversDue = try reader.string() ?? arguments.approversDue
                default: try reader.skip()
                }
            }
        }
        return arguments
    }

    /// The one that counts in a status of the action: while it is approved, that of the approvers.
    func dueDate(actionStatus: String?) -> String? {
        let isWithApprovers = actionStatus?.lowercased().contains("approv") ?? false
        return isWithApprovers
            ? approversDue ?? assigneesDue : assigneesDue ?? approversDue
    }
}
