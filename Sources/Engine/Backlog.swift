import Store

/// What a node that does not lead keeps of its inputs until it does, and what it says to the others.
struct Backlog {
    private var configuration: EngineConfiguration?
    private var troubles: [Trouble] = []

    /// What the first turn of a life that leads is given.
    var inputs: [Input] {
        (configuration.map { [.configuration($0, commandID: nil)] } ?? [])
            + troubles.map { .trouble($0) }
    }

    /// The configuration under which it would lead.
    var plan: EngineConfiguration? { configuration }

    /// Keeps what later lives need, whether this one leads or not.
    mutating func note(_ input: Input) {
        switch input {
        case .configuration(let new, _): configuration = new
        case .trouble(let new):
            // One a subject: of those that come and go only the last word counts.
            troubles.removeAll { ($0.kind, $0.subject) == (new.kind, new.subject) }
            troubles.append(new)
        case .answer, .command, .credentialChanged, .delivered, .stop: break
        }
    }

    /// What whoever waits for the input is told by a node that does not lead; leader: who does, as far as
    /// it is known.
    static func answer(to input: Input, leader: String?) -> Effect? {
        switch input {
        case .command(let id, _, _):
            return .reply(
                commandID: id,
                CommandReply(
                    exitCode: 6,
                    message: leader.map {
                        "this node follows, and nothing was done: ask the one that leads, \"\($0)\""
                    } ?? "this node follows, and nothing was done; nobody is known to lead now"))
        case .configuration(_, let id?):
            return .reply(
                commandID: id,
                CommandReply.done("accepted, for when this node leads; it follows now"))
        case .configuration, .answer, .credentialChanged, .trouble, .delivered, .stop: return nil
        }
    }

    /// What whoever waits for an input is told when its turn may or may not be in the log.
    static func doubt(of input: Input) -> Effect? {
        let commandID: UInt64? =
            switch input {
            case .command(let id, _, _): id
            case .configuration(_, let id): id
            case .answer, .credentialChanged, .trouble, .delivered, .stop: nil
            }
        return commandID.map { id in
            .reply(
                commandID: id,
                CommandReply(
                    exitCode: 75,
                    message: "this node has lost the lease, and whether it was done isn't known: "
                        + "carillon history on the node that leads shows it"))
        }
    }
}
