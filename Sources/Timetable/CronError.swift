/// Why a cron expression is refused.
package struct CronError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The field, such as `day of month`; nil where the fault isn't in one field.
    package let field: String?
    /// The column of the fault in the text, from 1.
    package let position: Int
    /// What is wrong, in plain words.
    package let message: String

    package init(field: String?, position: Int, message: String) {
        self.field = field
        self.position = position
        self.message = message
    }

    /// The whole error in one line, `hour, column 3: 25 is out of range (0-23)`.
    package var description: String {
        (field.map { $0 + ", " } ?? "") + "column \(position): \(message)"
    }
}
