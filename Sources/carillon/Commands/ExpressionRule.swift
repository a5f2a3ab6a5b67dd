import Timetable

/// A cron expression with its zone, compiled without a config.
struct ExpressionRule {
    /// Why an expression or zone is refused.
    struct Refusal: Error, Equatable { var message: String }

    var rule: FiringRule
    var zone: Zone
    /// The expression without its zone prefix.
    var text: String

    /// Compiles an expression; the zone is named by the argument or by a `CRON_TZ=` prefix.
    static func make(
        _ text: String, timezone: String?, zones: ZoneShelf
    ) -> Result<ExpressionRule, Refusal> {
        let expression: CronExpression
        do {
            expression = try CronExpression(text)
        } catch {
            return .failure(Refusal(message: "\(error)"))
        }
        if timezone != nil, expression.zoneName != nil {
            return .failure(
                Refusal(message: "the expression names a zone and so does the argument; keep one"))
        }
        guard let name = timezone ?? expression.zoneName else {
            return .failure(
                Refusal(message: "which time zone? There is no silent local time; name one"))
        }
        switch zones.zone(name) {
        case .failure(let refusal):
            return .failure(Refusal(message: "\(Printable.escaped(name)): \(refusal.message)"))
        case .success(let zone):
            let rule = FiringRule(kind: kind(expression), zone: zone)
            return .success(ExpressionRule(rule: rule, zone: zone, text: text))
        }
    }

    private static func kind(_ expression: CronExpression) -> FiringRule.Kind {
        switch expression.trigger {
        case .cron(let rule): .cron(rule)
        case .every(let milliseconds): .every(milliseconds: milliseconds)
        case .reboot: .reboot
        }
    }
}
