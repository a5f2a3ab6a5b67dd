import FoundationEssentials
import ProcessesAPI
import Timetable

/// `GET /processes`: filter, order, and pages whose cursor is an offset, as the real one's is.
extension SandboxState {
    /// What a list request asks for.
    private struct Query {
        enum Order { case name, dueDate, created }
        var limit = 1000
        var offset = 0
        var order = Order.created
        var isAscending = false
        var contains: String?
        /// `$orderBy` and `$filter` as they came, for the next page's address.
        var orderText: String?
        var filterText: String?
    }
    private struct BadQuery: Error {
        let message: String
        let target: String
    }

    mutating func list(_ inquiry: Inquiry) -> Reply {
        var query = Query()
        do {
            try read(inquiry, into: &query)
        } catch {
            return self.error(inquiry, 400, error.message, target: error.target)
        }
        var indices = ordered(query)
        switch inquiry.fault.listing {
        case .reversed: indices.reverse()
        case .shifted(let distance): query.offset += query.offset > 0 ? distance : 0
        case .without(let process): indices.removeAll { processes[$0].process.id == process }
        case .asItIs, .withoutRuns, .loops, .foreignNextLink, .foreignNextPath, .nextLinkUnder,
            .cached:
            break
        }
        let start = min(max(query.offset, 0), indices.count)
        let end = min(start + min(query.limit, scenario.pageItemsMax), indices.count)
        var writer = JSONWriter(capacity: 64 + (end - start) * 700)
        writer.object { writer in
            writer.key("data")
            writer.array { writer in
                let showsRuns = inquiry.fault.listing != .withoutRuns
                var instant = now
                if case .cached(let age, _) = inquiry.fault.listing {
                    instant = now.adding(milliseconds: -age)
                }
                for index in indices[start..<end] {
                    write(index, showsRun: showsRuns, at: instant, to: &writer)
                }
            }
            if end < indices.count || inquiry.fault.listing.isForeign {
                writer.field("@nextLink", nextLink(after: end, query, inquiry))
            }
        }
        return Reply(status: 200, body: writer.bytes)
    }

    private func read(_ inquiry: Inquiry, into query: inout Query) throws(BadQuery) {
        if let cursor = inquiry.address["$next"] {
            // The documented sample is the Base64 form of `%24limit=100&%24offset=100`.
            guard let bytes = Data(base64Encoded: cursor),
                let text = String(validating: bytes, as: UTF8.self)
            else {
                throw BadQuery(message: "The cursor is not valid.", target: "$next")
            }
            try apply(Percent.form(text), to: &query)
        }
        try apply(inquiry.address.query, to: &query)
    }

    private func apply(
        _ fields: [(name: String, value: String)], to query: inout Query
    ) throws(BadQuery) {
        for (name, value) in fields {
            switch name {
            case "$limit", "$maxpagesize":
                guard let limit = Int(value), (1...1000).contains(limit) else {
                    throw BadQuery(message: "The page size must be 1 to 1000.", target: name)
                }
                query.limit = limit
            case "$offset":
                guard let offset = Int(value), offset >= 0, offset < 1 << 40 else {
                    throw BadQuery(message: "The cursor is not valid.", target: "$next")
                }
                query.offset = offset
            case "$orderBy":
                try order(by: value, &query)
            case "$filter":
                guard let contained = Self.contained(in: value) else {
                    throw BadQuery(
                        message: "Only name contains '<value>' is supported.", target: name)
                }
                query.contains = contained
                query.filterText = value
            default: break
            }
        }
    }

    private func order(by text: String, _ query: inout Query) throws(BadQuery) {
        let words = text.split(separator: " ")
        switch words.first {
        case "name": query.order = .name
        case "dueDate": query.order = .dueDate
        case "run.created.dateTime": query.order = .created
        default: throw BadQuery(message: "Can't order by \(text).", target: "$orderBy")
        }
        switch words.dropFirst().first {
        case nil, "asc": query.isAscending = true
        case "desc": query.isAscending = false
        default: throw BadQuery(message: "Can't order by \(text).", target: "$orderBy")
        }
        query.orderText = text
    }

    /// The value of `name contains 'it''s'`.
    private static func contained(in filter: String) -> String? {
        guard filter.hasPrefix("name contains '"), filter.hasSuffix("'"), filter.utf8.count > 15
        else { return nil }
        var value = ""
        var rest = filter.dropFirst(15).dropLast()
        while let character = rest.popFirst() {
            if character == "'" { guard rest.popFirst() == "'" else { return nil } }
            value.append(character)
        }
        return value
    }

    private mutating func ordered(_ query: Query) -> [Int] {
        var indices: [Int]
        switch query.order {
        case .name: indices = byName()
        case .dueDate:
            indices = live().sorted {
                let left = (processes[$0].process.dueDate ?? "", $0)
                let right = (processes[$1].process.dueDate ?? "", $1)
                return left < right
            }
        case .created:
            // Processes that never ran come last in the default order; the real place is unknown.
            let keyed = live().map { index in
                (
                    listedRun(of: index, at: now).map { runs[$0].createdAt.milliseconds } ?? .min,
                    index
                )
            }
            indices = keyed.sorted { $0 < $1 }.map(\.1)
        }
        if let text = query.contains {
            indices.removeAll { !processes[$0].process.name.contains(text) }
        }
        return query.isAscending ? indices : indices.reversed()
    }

    private func live() -> [Int] {
        processes.indices.filter { !processes[$0].isDeleted }
    }

    /// Sorting ten thousand names for every page of every sweep would be most of the work.
    private mutating func byName() -> [Int] {
        if let nameOrder { return nameOrder }
        let order = live().sorted {
            (processes[$0].process.name, $0) < (processes[$1].process.name, $1)
        }
        nameOrder = order
        return order
    }

    private func nextLink(after end: Int, _ query: Query, _ inquiry: Inquiry) -> String {
        let isLoop = inquiry.fault.listing == .loops
        var cursor = "%24limit=\(query.limit)&%24offset=\(isLoop ? query.offset : end)"
        if let order = query.orderText { cursor += "&%24orderBy=\(Percent.encoded(order))" }
        if let filter = query.filterText { cursor += "&%24filter=\(Percent.encoded(filter))" }
        let base =
            switch inquiry.fault.listing {
            case .foreignNextLink: "https://elsewhere.example"
            case .nextLinkUnder(let base): base
            default: inquiry.address.base
            }
        let written = Percent.encoded(Data(cursor.utf8).base64EncodedString())
        return inquiry.fault.listing == .foreignNextPath
            ? "https://elsewhere.example/other?%24next=\(written)"
            : "\(base)/processes?%24next=\(written)"
    }

    private func write(
        _ index: Int, showsRun: Bool, at instant: Instant, to writer: inout JSONWriter
    ) {
        let listed = processes[index]
        let process = listed.process
        writer.object { writer in
            writer.field("id", plain: process.id)
            writer.field("name", process.name)
            writer.field("dueDate", process.dueDate)
            writer.field("autoClose", process.autoClose)
            writer.field("certAutoApprove", false)
            writer.field("relativeDates", false)
            writer.field("revision", listed.revision)
            write(action: "created", Instant(milliseconds: 0), nil, to: &writer)
            write(action: "modified", listed.modified, nil, to: &writer)
            writer.field("processTemplate", plain: nil as String?)
            writer.field("sourceProcessRun", plain: nil as String?)
            writer.key("run")
            guard showsRun, let run = listedRun(of: index, at: instant) else {
                return writer.null()
            }
            write(summaryOf: runs[run], at: instant, to: &writer)
        }
    }

    private func write(
        summaryOf run: SandboxRun, at instant: Instant, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.field("id", plain: run.id)
            writer.field("process", plain: run.process)
            writer.field("name", run.name)
            writer.field("status", run.status(at: instant).raw)
            write(action: "created", run.createdAt, run.user, to: &writer)
            write(action: "modified", shownModified(run, at: instant), run.user, to: &writer)
            writer.field("completedDate", plain: run.completed(at: instant).map(written))
            writer.field("dueDate", run.settings.dueDate)
            writer.field("managerUser", run.user)
            writer.field("statusCounts", plain: nil as String?)
        }
    }

    func shownModified(_ run: SandboxRun, at instant: Instant) -> Instant {
        scenario.freezesModified ? run.createdAt : run.modified(at: instant)
    }

    func write(
        action name: String, _ instant: Instant, _ user: String?, to writer: inout JSONWriter
    ) {
        writer.key(name)
        writer.object { writer in
            writer.field("dateTime", plain: written(instant))
            writer.key("user")
            guard let user else { return writer.null() }
            writer.object { $0.field("id", user) }
        }
    }
}
