/// The group that a path is for, and that we are not in: why a person may not do what others may.
package struct MissingGroup: Sendable, Equatable {
    /// The group's name.
    package var group: String
    /// Who asks.
    package var user: String
    /// Whether the user was made a member after logging in: the session doesn't know of it.
    package var isListed: Bool

    package init(group: String, user: String, isListed: Bool) {
        self.group = group
        self.user = user
        self.isListed = isListed
    }

    /// What to do, as the end of a sentence, with the command to copy.
    package var advice: String {
        isListed
            ? "you are in the group \(group) only since after your login: log in again, or for this "
                + "shell: newgrp \(group)"
            : "it is for members of the group \(group): sudo usermod -aG \(group) \(user), then log "
                + "in again"
    }
}
