package import Store

/// Whether a slot of the past may be made up for (docs/protocol.md, rule 20).
///
/// Pure: the daemon decides with it, and the preview of a range shows it.
package enum MakeUp: Sendable, Equatable {
    case possible
    case refused(Refusal)

    /// Why it may not.
    package enum Refusal: Sendable, Equatable {
        case started
        /// It is under way, in doubt, or a person must decide.
        case undecided(Disposition)
        /// A run had done its work.
        case done(by: String)
        /// A rule or a person had said no, and a range leaves such slots alone unless asked.
        case skipped(String)
        /// Another slot stands for it.
        case coalesced(String)
        /// It was withdrawn.
        case cancelled(String)
        case madeUp(by: Int64)
    }

    /// How many slots one range may make up for.
    package static let slotsMax = 100
    /// How many slots a range may have.
    package static let rangeMax = 5000

    /// Decides by what became of the slot, and of what made up for it.
    ///
    /// - Parameters:
    ///   - slot: of the past.
    ///   - takesSkipped: also one that was skipped: asked for by itself, or with its kind.
    /// - Returns: whether it may be made up for.
    package static func judge(_ slot: PastSlot, takesSkipped: Bool = true) -> MakeUp {
        if let other = slot.madeUpBy { return .refused(.madeUp(by: other)) }
        if let run = slot.doneBy { return .refused(.done(by: run)) }
        switch slot.disposition {
        case .skipped where !takesSkipped: return .refused(.skipped(slot.reason))
        case .missed, .skipped, .expired, .failed: return .possible
        case .started: return .refused(.started)
        case .pending, .starting, .unknown, .held: return .refused(.undecided(slot.disposition))
        case .coalesced: return .refused(.coalesced(slot.reason))
        case .cancelled: return .refused(.cancelled(slot.reason))
        }
    }
}

extension MakeUp.Refusal {
    /// Why, as the end of a sentence about the slot.
    package var words: String {
        switch self {
        case .started: "it has its run"
        case .undecided(.held): "it is held: a person decides with carillon resolve"
        case .undecided(let disposition): "it is still \(disposition.rawValue)"
        case .done(let run): "run \(run) had done its work; carillon trigger starts it all the same"
        case .skipped(let reason): "it was skipped (--skipped takes it): \(reason)"
        case .coalesced(let reason): "it was coalesced: \(reason)"
        case .cancelled(let reason): "it was cancelled: \(reason)"
        case .madeUp(let slotID): "slot \(slotID) makes up for it already"
        }
    }
}
