package import Timetable

/// A value bound to a statement's parameter.
package enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case double(Double)
    case string(String)

    /// Binds an integer, or NULL.
    package static func int(_ value: Int64?) -> SQLValue { value.map(SQLValue.integer) ?? .null }
    /// Binds an integer, or NULL.
    package static func int(_ value: Int?) -> SQLValue {
        value.map { .integer(Int64($0)) } ?? .null
    }
    /// Binds 0 or 1.
    package static func flag(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }
    /// Binds a text, or NULL.
    package static func text(_ value: String?) -> SQLValue { value.map(SQLValue.string) ?? .null }
    /// Binds an instant as Unix milliseconds, or NULL.
    package static func at(_ value: Instant?) -> SQLValue {
        value.map { .integer($0.milliseconds) } ?? .null
    }
}
