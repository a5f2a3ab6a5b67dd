import ProcessesAPI
import Store
import Timetable

/// The client credential of each connection; all that is known of it is in the ledger.
struct Credential {
    let book: TurnBook
    private static let scopesCharactersMax = 200

    /// A token that names its scopes and lacks one that is needed: no start can succeed with it.
    func judgeScopes(_ scopes: [String], _ connection: Connection) throws {
        let missing = GrantScopes.missing(in: scopes)
        guard !missing.isEmpty else {
            return try book.ledger.clear(kind: .scope, subject: connection.name)
        }
        let words = missing.joined(separator: " and ")
        // As long as whoever answers likes; a row for people is short.
        let named = scopes.joined(separator: " ").prefix(Self.scopesCharactersMax)
        let isNew = try book.ledger.raise(
            kind: .scope, subject: connection.name,
            whatToDo:
                "the grant lacks \(words) (its token names \(named)); "
                + "add it to the grant in Workiva, without it nothing can be started", now: book.now
        )
        guard isNew else { return }
        try book.ledger.insert(
            NewError(
                operation: "token", message: "the grant lacks \(words)",
                nextStep: "a person fixes the grant, see: carillon attention",
                connection: connection.name), now: book.now)
    }

    /// The next request for a token waits for a growing while.
    func delay(_ connection: Connection, isRefused: Bool) throws {
        let row = try book.connection(connection.name)
        let failures = (row?.credentialFailures ?? 0) + 1
        // An open breaker sets the pace itself, unless the credential is asked for all the time.
        let isPaced = row?.breakerOpenedAt != nil && row?.credentialBadSince == nil
        let probeGap = Breaker.probeGapMilliseconds(
            connection, openSince: row?.breakerOpenedAt, now: book.now)
        // "Token requests back off to minutes" where the credential is refused: 5 s, 10 s, … 5 min.
        // An API that can't be reached is asked as often as its breaker says, so that it heals fast.
        let delay = Backoff.ceilingMilliseconds(
            base: 5_000,
            cap: isRefused ? 300_000 : isPaced ? 1_000 : max(1_000, probeGap),
            attempt: Int(clamping: failures))
        try book.change(connection.name) {
            $0.credentialFailures = failures
            $0.nextTokenAt = max(book.now.adding(milliseconds: delay), $0.nextTokenAt ?? book.now)
        }
    }

    /// The three that Workiva's help names.
    private static func causes(grantExpires: CivilDate?, now: Instant) -> String {
        let isOver = grantExpires.map { $0 < CivilDate(ofUTC: now) } ?? false
        let known =
            isOver
            ? grantExpires.map { "it expired on \($0.iso8601), as grant_expires says; " }
            : nil
        return (known ?? "")
            + "it does so when the grant has expired, when its IP allowlist lacks this host, or when "
            + "the user it acts for was changed or deactivated"
    }

    /// The API does not accept the credential: starts wait for a person.
    func fail(_ connection: Connection, _ why: String) throws {
        if try book.connection(connection.name)?.credentialBadSince == nil {
            book.log(
                .error, "the credential of \(connection.name) is not accepted: \(why)",
                alarm: .credential)
        }
        try book.change(connection.name) {
            $0.credentialBadSince = $0.credentialBadSince ?? book.now
            $0.nextTokenAt = max(
                book.now.adding(milliseconds: 60_000), $0.nextTokenAt ?? book.now)
        }
        try report(connection, why)
    }

    private func report(_ connection: Connection, _ why: String) throws {
        try book.ledger.raise(
            kind: .credential, subject: connection.name,
            whatToDo: "the API does not accept the client credential (\(why)); "
                + Self.causes(grantExpires: connection.grantExpires, now: book.now)
                + "; renew the grant or the secret, starts "
                + "of this connection wait until then", now: book.now)
    }

    /// A refused credential of a connection that is configured again.
    func remind(_ row: ConnectionRow, _ connection: Connection) throws {
        guard let since = row.credentialBadSince else { return }
        try report(connection, "since \(since.iso8601)")
    }
}
