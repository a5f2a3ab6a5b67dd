import Config
import Console
import Timetable

/// A cron expression with its zone, compiled without a config.
struct ExpressionRule {
    /// Why an expression or zone is refused.
    struct Refusal: Error, Equatable { var message: String }

    var rule: FiringRule
    var zone: Zone
    var expressions: [CronExpression]

    /// Compiles an expression; its zone is named by the argument or by a `CRON_TZ=` prefix.
    static func make(
        _ text: String, name: String? = nil, timezone: String?, zoneOtherwise: String? = nil,
        zones: ZoneShelf
    ) -> Result<ExpressionRule, Refusal> {
        make(
            [text], name: name, timezone: timezone, zoneOtherwise: zoneOtherwise, zones: zones)
    }

    /// Compiles expressions that are the rules of one schedule.
    static func make(
        _ texts: [String], name: String? = nil, timezone: String?, zoneOtherwise: String? = nil,
        zones: ZoneShelf
    ) -> Result<ExpressionRule, Refusal> {
        var expressions: [CronExpression] = []
        for text in texts {
            do {
                expressions.append(try CronExpression(text, name: name))
            } catch {
                let which = texts.count > 1 ? "\(Printable.escaped(text, limit: 100)): " : ""
                return .failure(Refusal(message: which + "\(error)"))
            }
        }
        let prefixes = Set(expressions.map(\.zoneName))
        let prefix = prefixes.compactMap(\.self).first
        guard prefixes.count <= 1 else {
            return .failure(
                Refusal(message: "all rules of a schedule are in one zone; name it with --timezone")
            )
        }
        if timezone != nil, prefix != nil {
            return .failure(
                Refusal(message: "the expression names a zone and so does the argument; keep one"))
        }
        guard let zoneName = timezone ?? prefix ?? zoneOtherwise else {
            return .failure(
                Refusal(message: "which time zone? There is no silent local time; name one"))
        }
        let kind: FiringRule.Kind
        if expressions.count == 1 {
            kind = expressions[0].trigger.kind
        } else {
            let kinds = expressions.map(\.trigger.kind)
            guard !kinds.contains(.reboot) else {
                return .failure(Refusal(message: RuleMix.rebootMistake))
            }
            kind = .several(zip(kinds, texts).map { FiringRule.Part(kind: $0, text: $1) })
        }
        switch zones.zone(zoneName) {
        case .failure(let refusal):
            return .failure(Refusal(message: "\(Printable.escaped(zoneName)): \(refusal.message)"))
        case .success(let zone):
            let rule = FiringRule(kind: kind, zone: zone)
            return .success(ExpressionRule(rule: rule, zone: zone, expressions: expressions))
        }
    }
}
