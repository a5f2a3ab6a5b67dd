import Config
import Console
import Timetable

/// `carillon next --stdin`: lines EXPR<TAB>ZONE<TAB>FROM<TAB>N in, instants out.
final class NextFilter {
    /// Most instants a line can ask for.
    static let countMax = 100_000
    /// Compiled rules kept; a list of more different expressions starts afresh.
    private static let cacheMax = 20_000
    private static let chunkBytes = 64 * 1024

    private let environment: CommandEnvironment
    private let zones: ZoneShelf
    private var rules: [String: Result<ExpressionRule, ExpressionRule.Refusal>] = [:]
    private var output = ""

    /// Makes the filter over the environment's standard input and output.
    init(_ environment: CommandEnvironment) {
        self.environment = environment
        zones = ZoneShelf(environment.host)
    }

    /// Answers every line with a line.
    func run() {
        output.reserveCapacity(Self.chunkBytes * 2)
        // On a terminal each answer is wanted at once; a pipe is served in chunks.
        let limit = environment.style.width == nil ? Self.chunkBytes : 0
        while let line = environment.readLine() {
            answer(line)
            output += "\n"
            if output.utf8.count > limit { flush() }
        }
        flush()
    }

    private func flush() {
        environment.write(output)
        output.removeAll(keepingCapacity: true)
    }

    private func answer(_ line: String) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 4 else {
            return fail("expected EXPR<TAB>ZONE<TAB>FROM<TAB>N, found \(fields.count) fields")
        }
        let counted = fields[3].last == "\r" ? fields[3].dropLast() : fields[3]
        guard let count = Int(counted), (0...Self.countMax).contains(count) else {
            return fail("N must be a number from 0 to \(Self.countMax) (\(counted))")
        }
        switch rule(String(fields[0]), String(fields[1])) {
        case .failure(let refusal): fail(refusal.message)
        case .success(let found):
            // With an offset it is an instant; only then, as FROM has no zone of its own.
            switch TimeArgument.parse(String(fields[2]), zone: found.zone) {
            case .failure(let refusal): fail("FROM \(fields[2]): \(refusal.message)")
            case .success(let from): write(found.rule, after: from, count: count)
            }
        }
    }

    private func write(_ rule: FiringRule, after from: Instant, count: Int) {
        var instant = from
        for number in 0..<count {
            guard let next = rule.next(after: instant) else { return }
            instant = next.at
            if number > 0 { output += "," }
            output += instant.iso8601
        }
    }

    private func rule(
        _ text: String, _ zone: String
    ) -> Result<ExpressionRule, ExpressionRule.Refusal> {
        let key = text + "\t" + zone
        if let known = rules[key] { return known }
        let made = ExpressionRule.make(
            text, timezone: zone.isEmpty ? nil : zone, zones: zones)
        if rules.count >= Self.cacheMax { rules.removeAll(keepingCapacity: true) }
        rules[key] = made
        return made
    }

    private func fail(_ message: String) {
        output += "error: " + Printable.escaped(message)
    }
}
