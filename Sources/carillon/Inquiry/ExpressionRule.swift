import Config
import Console
import Timetable

/// A cron expression with its zone, compiled without a config.
struct ExpressionRule {
    /// Why an expression or zone is refused.
    struct Refusal: Error, Equatable { var message: String }

    var rule: FiringRule
    var zone: Zone
    var expression: CronExpression

    /// Compiles an expression; its zone is named by the argument or by a `CRON_TZ=` prefix.
    static func make(
        _ text: String, name: String? = nil, timezone: String?, zoneOtherwise: String? = nil,
        zones: ZoneShelf
    ) -> Result<ExpressionRule, Refusal> {
        let expression: CronExpression
        do {
            expression = try CronExpression(text, name: name)
        } catch {
            return .failure(Refusal(message: "\(error)"))
        }
        if timezone != nil, expression.zoneName != nil {
            return .failure(
                Refusal(message: "the expression names a zone and so does the argument; keep one"))
        }
        guard let zoneName = timezone ?? expression.zoneName ?? zoneOtherwise else {
            return .failure(
                Refusal(message: "which time zone? There is no silent local time; name one"))
        }
        switch zones.zone(zoneName) {
        case .failure(let refusal):
            return .failure(Refusal(message: "\(Printable.escaped(zoneName)): \(refusal.message)"))
        case .success(let zone):
            let rule = FiringRule(kind: expression.trigger.kind, zone: zone)
            return .success(ExpressionRule(rule: rule, zone: zone, expression: expression))
        }
    }
}
