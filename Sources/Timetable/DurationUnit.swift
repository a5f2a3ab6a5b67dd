/// The units in which durations are written in rules, configs and commands: `90s` `15m` `6h` `2d`.
package enum DurationUnit {
    /// The milliseconds of a unit's letter; nil if it is none.
    package static func milliseconds(_ letter: UInt8) -> Int64? {
        switch letter {
        case UInt8(ascii: "s"): 1000
        case UInt8(ascii: "m"): 60_000
        case UInt8(ascii: "h"): 3_600_000
        case UInt8(ascii: "d"): 86_400_000
        default: nil
        }
    }
}
