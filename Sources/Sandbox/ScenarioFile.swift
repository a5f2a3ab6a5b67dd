import FoundationEssentials
import JSON

extension Scenario {
    /// Reads a scenario from the JSON text of a file.
    ///
    /// Keys are named as the properties that they set, all but ids and names are optional, and
    /// unknown ones are refused. Times are numbers; a range is a number or `[from, to]`.
    /// `"sample": true` begins with the processes of `Scenario.sample`, which are also there where
    /// the file names none; `false`: none at all.
    ///
    ///     {"rateLimit": {"requests": 100, "windowSeconds": 60, "sendsHeader": true},
    ///      "listDelayMilliseconds": [0, 5000], "secondRun": "conflictWhileOpen",
    ///      "processes": [{"id": "close", "name": "Close", "endings": {"complete": 9, "error": 1},
    ///        "children": [{"group": "Sites", "parallel": true, "children": [
    ///          {"job": "sendTask", "title": "Lyon", "durationMilliseconds": [60000, 90000]},
    ///          {"job": "certification", "title": "302", "signers": 3}]}]}],
    ///      "faults": [
    ///        {"fault": "lostAfter", "operation": "runProcess", "nth": 2, "times": 1},
    ///        {"fault": "error", "status": 500, "acts": true, "probability": 0.05},
    ///        {"fault": "lostBefore", "fromSeconds": 600, "toSeconds": 900}]}
    ///
    /// The fault words and what each takes besides are in `Fault.words` and its reader.
    ///
    /// - Parameter json: The text of the file.
    /// - Throws: `ScenarioError` with the path of the first mistake.
    package init(json: [UInt8]) throws(ScenarioError) {
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: Data(json))
        } catch {
            throw ScenarioError(path: "", message: "not a JSON text")
        }
        var fields = try JSONFields(value, path: "")
        let isSample = try fields.bool("sample")
        self = isSample == true ? .sample : Scenario()
        try read(&fields)
        // A file of faults alone says nothing of processes.
        if isSample == nil, processes.isEmpty { processes = Scenario.sample.processes }
        try fields.finish()
    }

    private mutating func read(_ fields: inout JSONFields) throws(ScenarioError) {
        apiVersions = try fields.strings("apiVersions") ?? apiVersions
        tokenLifetimeSeconds = try fields.integer("tokenLifetimeSeconds") ?? tokenLifetimeSeconds
        latencyMilliseconds = try fields.range("latencyMilliseconds") ?? latencyMilliseconds
        listDelayMilliseconds = try fields.range("listDelayMilliseconds") ?? listDelayMilliseconds
        readDelayMilliseconds = try fields.range("readDelayMilliseconds") ?? readDelayMilliseconds
        clockSkewMilliseconds = try fields.integer("clockSkewMilliseconds") ?? clockSkewMilliseconds
        writesMilliseconds = try fields.bool("writesMilliseconds") ?? writesMilliseconds
        pageItemsMax = Int(
            min(max(try fields.integer("pageItemsMax") ?? Int64(pageItemsMax), 1), 1000))
        if let word = try fields.string("secondRun") {
            guard let habit = SecondRun(rawValue: word) else {
                let words = SecondRun.allCases.map(\.rawValue).joined(separator: ", ")
                throw ScenarioError(path: "secondRun", message: "\(word) is none of \(words)")
            }
            secondRun = habit
        }
        if let value = fields.value("rateLimit") { rateLimit = try Self.rateLimit(value) }
        if let values = try fields.array("clients") {
            clients = try Self.each(values, "clients", Self.client)
        }
        if let values = try fields.array("processes") {
            processes += try Self.each(values, "processes", Self.process)
        }
        if let values = try fields.array("faults") {
            faults += try Self.each(values, "faults", FaultRule.read)
        }
    }

    private static func each<Item>(
        _ values: [JSONValue], _ path: String,
        _ read: (inout JSONFields) throws(ScenarioError) -> Item
    ) throws(ScenarioError) -> [Item] {
        var items: [Item] = []
        for (number, value) in values.enumerated() {
            var fields = try JSONFields(value, path: "\(path)[\(number)]")
            items.append(try read(&fields))
            try fields.finish()
        }
        return items
    }

    private static func rateLimit(_ value: JSONValue) throws(ScenarioError) -> RateLimit? {
        if case .null = value { return nil }
        var fields = try JSONFields(value, path: "rateLimit")
        guard let requests = try fields.integer("requests"), requests > 0,
            let seconds = try fields.integer("windowSeconds"), seconds > 0
        else {
            throw ScenarioError(
                path: "rateLimit", message: "requests and windowSeconds above 0 are expected")
        }
        var limit = RateLimit(requests: Int(requests), windowSeconds: seconds)
        limit.sendsHeader = try fields.bool("sendsHeader") ?? limit.sendsHeader
        limit.sendsMessage = try fields.bool("sendsMessage") ?? limit.sendsMessage
        limit.isPerOperation = try fields.bool("isPerOperation") ?? limit.isPerOperation
        limit.hintSeconds = try fields.integer("hintSeconds")
        try fields.finish()
        return limit
    }

    private static func client(_ fields: inout JSONFields) throws(ScenarioError) -> SandboxClient {
        var client = SandboxClient()
        client.id = try fields.string("id") ?? client.id
        client.secret = try fields.string("secret") ?? client.secret
        client.user = try fields.string("user") ?? client.user
        client.scopes = try fields.strings("scopes") ?? client.scopes
        return client
    }

    private static func process(
        _ fields: inout JSONFields
    ) throws(ScenarioError) -> SandboxProcess {
        let id = try fields.required("id")
        guard id.utf8.count <= 64, !id.isEmpty,
            id.utf8.allSatisfy({ byte in
                UInt8(ascii: "-") == byte || UInt8(ascii: "_") == byte
                    || Character(Unicode.Scalar(byte)).isLetter
                    || Character(Unicode.Scalar(byte)).isNumber
            })
        else {
            throw ScenarioError(
                path: fields.at("id"), message: "1 to 64 of A-Z a-z 0-9 _ - expected")
        }
        let children = try fields.array("children") ?? []
        let root = SandboxNode.group(
            name: "Root", parallel: try fields.bool("parallel") ?? false,
            children: try each(children, fields.at("children"), node))
        var process = SandboxProcess(id: id, name: try fields.required("name"), root: root)
        process.autoClose = try fields.bool("autoClose") ?? true
        process.dueDate = try fields.string("dueDate")
        process.startDelayMilliseconds = try fields.range("startDelayMilliseconds") ?? 0...0
        if let value = fields.value("endings") {
            process.endings = try endings(value, fields.at("endings"))
        }
        if let values = try fields.array("validationErrors") {
            process.validationErrors = try each(values, fields.at("validationErrors"), finding)
        }
        return process
    }

    private static func node(_ fields: inout JSONFields) throws(ScenarioError) -> SandboxNode {
        if let name = try fields.string("group") {
            let children = try fields.array("children") ?? []
            return .group(
                name: name, parallel: try fields.bool("parallel") ?? false,
                children: try each(children, fields.at("children"), node))
        }
        let word = try fields.required("job")
        guard let action = SandboxJob.Action(rawValue: word) else {
            throw ScenarioError(
                path: fields.at("job"),
                message: "\(word) is none of sendTask, contentRequest, certification")
        }
        var job = SandboxJob(
            action, title: try fields.string("title") ?? word,
            durationMilliseconds: try fields.range("durationMilliseconds") ?? 60_000...300_000)
        job.hasApprover = try fields.bool("hasApprover") ?? false
        job.signers = Int(min(max(try fields.integer("signers") ?? 2, 1), 1000))
        return .job(job)
    }

    private static func endings(
        _ value: JSONValue, _ path: String
    ) throws(ScenarioError) -> SandboxEndings {
        var fields = try JSONFields(value, path: path)
        var endings = SandboxEndings()
        endings.complete = try fields.double("complete") ?? 1
        endings.cancelled = try fields.double("cancelled") ?? 0
        endings.error = try fields.double("error") ?? 0
        endings.errorHold = try fields.double("errorHold") ?? 0
        endings.healsAfterMilliseconds = try fields.integer("healsAfterMilliseconds")
        try fields.finish()
        return endings
    }

    private static func finding(
        _ fields: inout JSONFields
    ) throws(ScenarioError) -> SandboxValidationError {
        SandboxValidationError(
            code: try fields.string("code") ?? "MISSING_REQUIRED_FIELD",
            message: try fields.string("message") ?? "A required field is missing.",
            jobNumber: Int(min(max(try fields.integer("jobNumber") ?? 0, 0), 1_000_000)))
    }
}
