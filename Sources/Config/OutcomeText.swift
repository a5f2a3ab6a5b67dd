package import Engine

/// Reads the conditions of `outcome = { fail_if, warn_if }`: `error > 0`, `cancelled / total > 10%`.
package enum OutcomeText {
    /// Statuses of jobs, `total`, and the words that the API's own map of actions is known to use.
    static let knownWords = [
        "total", "waiting", "running", "cancelling", "complete", "cancelled", "error", "errorhold",
        "completed", "canceled", "approval", "sent", "returned",
    ]

    /// Why a condition can't be read.
    package struct Mistake: Error, Equatable { package var text: String }

    /// The condition that the text says.
    ///
    /// - Throws: `Mistake` with what is wrong with it.
    package static func parse(_ text: String) throws(Mistake) -> OutcomeRules.Condition {
        let (part, rest) = try TreePartText.split(text)
        var words = tokens(rest)[...]
        if let part, words.first == "is" { return try state(words.dropFirst(), of: part) }
        guard let status = words.popFirst(), status.first?.isLetter == true else {
            throw Mistake(
                text: part == nil
                    ? "must begin with a status such as error or cancelled"
                    : "needs a status such as error after the name")
        }
        var ofTotal = false
        if words.first == "/" {
            words.removeFirst()
            guard words.popFirst() == "total" else {
                throw Mistake(text: "after / only total can follow")
            }
            ofTotal = true
        }
        guard let sign = words.popFirst(),
            let comparison = OutcomeRules.Condition.Comparison(rawValue: sign == "==" ? "=" : sign)
        else { throw Mistake(text: "needs one of > >= < <= = after the status") }
        guard let number = words.popFirst(), let threshold = self.threshold(number) else {
            throw Mistake(text: "needs a number after the comparison")
        }
        guard words.isEmpty else {
            throw Mistake(text: "has something after the number: \(words.joined(separator: " "))")
        }
        if number.hasSuffix("%"), !ofTotal {
            throw Mistake(text: "a percentage needs \"\(status) / total\"")
        }
        if ofTotal, threshold > 1 {
            throw Mistake(text: "a share of the total is at most 1 (or 100%)")
        }
        return OutcomeRules.Condition(
            status: status.lowercased(), ofTotal: ofTotal, comparison: comparison,
            threshold: threshold, part: part)
    }

    /// `is error`: a job of that title is in that status.
    private static func state(
        _ words: ArraySlice<String>, of part: TreePart
    ) throws(Mistake) -> OutcomeRules.Condition {
        guard case .job = part else {
            throw Mistake(text: "a group has many jobs; compare a count, such as error > 0")
        }
        guard let status = words.first, status.first?.isLetter == true else {
            throw Mistake(text: "needs a status after is")
        }
        guard words.count == 1 else {
            throw Mistake(
                text: "has something after the status: "
                    + words.dropFirst().joined(separator: " "))
        }
        var condition = OutcomeRules.Condition(
            status: status.lowercased(), ofTotal: false, comparison: .greater, threshold: 0,
            part: part)
        condition.isState = true
        return condition
    }

    private static func threshold(_ word: String) -> Double? {
        let digits = word.hasSuffix("%") ? String(word.dropLast()) : word
        guard digits.first?.isNumber == true, digits.allSatisfy({ $0.isASCII && !$0.isLetter }),
            let value = Double(digits), value.isFinite
        else { return nil }
        return word.hasSuffix("%") ? value / 100 : value
    }

    private static func tokens(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        func isSign(_ character: Character) -> Bool { "<>=/".contains(character) }
        for character in text {
            let startsAnother = word.last.map { isSign($0) != isSign(character) } ?? false
            if character == " " || character == "\t" || startsAnother {
                if !word.isEmpty { words.append(word) }
                word = ""
            }
            if character != " ", character != "\t" { word.append(character) }
        }
        return word.isEmpty ? words : words + [word]
    }
}

extension TableReader {
    /// The `outcome` rules of a schedule.
    func outcome() -> OutcomeRules? {
        guard let table = table("outcome", known: ["fail_if", "warn_if"]) else { return nil }
        var rules = OutcomeRules()
        rules.failIf = table.conditions("fail_if")
        rules.warnIf = table.conditions("warn_if")
        return rules
    }

    private func conditions(_ key: String) -> [OutcomeRules.Condition] {
        (strings(key, orSingle: true) ?? []).compactMap { text, node in
            do throws(OutcomeText.Mistake) {
                let condition = try OutcomeText.parse(text)
                if !OutcomeText.knownWords.contains(condition.status) {
                    problems.warning(
                        node,
                        "\"\(condition.status)\" is no status that the API is known to use, so it may "
                            + "count nothing for ever (\(node.shown))"
                            + NearestName.hint(condition.status, in: OutcomeText.knownWords))
                }
                return condition
            } catch {
                let help =
                    "write \"error > 0\", \"cancelled / total > 10%\", \"job 'Sign-off' is error\" "
                    + "or \"group 'Close' error > 0\""
                problems.error(node, "not a condition (\(node.shown)): \(error.text); \(help)")
                return nil
            }
        }
    }
}
