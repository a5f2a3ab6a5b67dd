/// The statements of the four verbs and of the tables, for PostgreSQL 13 and later.
enum LogStatement {
    /// Made by `carillon cluster init`, or by whoever may make tables in that database.
    static let schema = """
        CREATE SCHEMA IF NOT EXISTS carillon;
        -- One row a cluster: who leads, and where the log stands. beat is a sign of life without a clock.
        CREATE TABLE IF NOT EXISTS carillon.lease (
            cluster text PRIMARY KEY, epoch text NOT NULL, term bigint NOT NULL,
            holder text, install text, node text, beat bigint NOT NULL, seq bigint NOT NULL,
            chain bytea NOT NULL) WITH (fillfactor = 50);
        -- What each turn has changed: changesets of SQLite's session extension.
        CREATE TABLE IF NOT EXISTS carillon.turns (
            cluster text, epoch text, seq bigint, term bigint NOT NULL,
            kind text NOT NULL, schema int NOT NULL, prev bytea NOT NULL, chain bytea NOT NULL,
            node_at bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(),
            body bytea NOT NULL, PRIMARY KEY (cluster, epoch, seq));
        -- What each node says of itself. may_lead: the reason why not; NULL: it may.
        CREATE TABLE IF NOT EXISTS carillon.nodes (
            cluster text, node text, incarnation text NOT NULL, install text NOT NULL,
            version text NOT NULL, schema int NOT NULL, plan text NOT NULL, seq bigint NOT NULL,
            clock_ms bigint NOT NULL, may_lead text, seen_at timestamptz NOT NULL,
            PRIMARY KEY (cluster, node));
        """

    /// The first question on a connection.
    ///
    /// No timer of the server's may end a statement: whatever it ended would be unknown.
    static let greet = """
        SELECT current_setting('synchronous_commit'),
            pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
            set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)
        """

    /// R2: the row moves on by one and the turn is inserted, or neither.
    ///
    /// An append that waits for another's lock on the row looks at the row again when it has it.
    static let append = """
        WITH moved AS (
            UPDATE carillon.lease SET seq = $5, chain = sha256(chain || $10), beat = beat + 1
            WHERE cluster = $1 AND epoch = $2 AND term = $3 AND holder = $4 AND seq = $5 - 1
                AND chain = decode($8, 'hex')
            RETURNING chain
        ), kept AS (
            INSERT INTO carillon.turns
                (cluster, epoch, seq, term, kind, schema, prev, chain, node_at, body)
            SELECT $1, $2, $5, $3, $6, $7, decode($8, 'hex'), chain, $9, $10 FROM moved
            RETURNING 1
        )
        SELECT current_setting('synchronous_commit') FROM kept
        """

    static let renew = """
        UPDATE carillon.lease SET beat = beat + 1
        WHERE cluster = $1 AND epoch = $2 AND term = $3 AND holder = $4
        RETURNING current_setting('synchronous_commit')
        """

    static let resign = """
        UPDATE carillon.lease SET holder = NULL, install = NULL, node = NULL, beat = beat + 1
        WHERE cluster = $1 AND epoch = $2 AND term = $3 AND holder = $4
        RETURNING current_setting('synchronous_commit')
        """

    private static let lease = "epoch, term, beat, seq, encode(chain, 'hex'), holder, install, node"

    static let take = """
        UPDATE carillon.lease
        SET term = term + 1, beat = beat + 1, holder = $5, install = $6, node = $7
        WHERE cluster = $1 AND epoch = $2 AND term = $3 AND beat = $4
        RETURNING current_setting('synchronous_commit'), \(lease)
        """

    /// Lease and entries as they are at one moment.
    ///
    /// Of the entries asked for those that begin within the first 4 MiB.
    static let read = """
        WITH present AS (SELECT \(lease) FROM carillon.lease WHERE cluster = $1),
        behind AS (
            SELECT t.*, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS offset_bytes
            FROM (
                SELECT * FROM carillon.turns
                WHERE cluster = $1 AND epoch = (SELECT epoch FROM present) AND seq > $2
                ORDER BY seq LIMIT $3
            ) t
        )
        SELECT '', p.*, (extract(epoch FROM clock_timestamp()) * 1000)::int8, b.seq, b.term, b.kind,
            b.schema::int8, encode(b.prev, 'hex'), encode(b.chain, 'hex'), b.node_at,
            (extract(epoch FROM b.at) * 1000)::int8, b.body
        FROM present p LEFT JOIN behind b ON b.offset_bytes < 4194304 ORDER BY b.seq
        """
    /// Columns of `read`: the server's clock, and the first one of an entry.
    static let now = 9
    static let firstOfEntry = 10

    /// How many of the tables are there, and which rights are missing, by catalogs that all may read.
    static let rights = """
        WITH needed (name, privilege) AS (VALUES
            ('lease', 'SELECT'), ('lease', 'UPDATE'), ('turns', 'SELECT'), ('turns', 'INSERT'),
            ('turns', 'DELETE'), ('nodes', 'SELECT'), ('nodes', 'INSERT'), ('nodes', 'UPDATE')),
        place AS (SELECT oid FROM pg_namespace WHERE nspname = 'carillon'),
        tables AS (
            SELECT c.oid, c.relname FROM pg_class c JOIN place ON c.relnamespace = place.oid
            WHERE c.relname IN ('lease', 'turns', 'nodes') AND c.relkind IN ('r', 'p')),
        missing (what) AS (
            SELECT 'USAGE on schema carillon' FROM place
            WHERE NOT has_schema_privilege(oid, 'USAGE')
            UNION ALL
            SELECT privilege || ' on carillon.' || name FROM needed JOIN tables ON relname = name
            WHERE NOT has_table_privilege(oid, privilege))
        SELECT (SELECT count(*) FROM tables),
            (SELECT coalesce(string_agg(what, ', ' ORDER BY what), '') FROM missing)
        """

    /// A cluster that is not there yet.
    static let found = """
        INSERT INTO carillon.lease (cluster, epoch, term, beat, seq, chain)
        VALUES ($1, $2, 0, 0, 0, decode(repeat('00', 32), 'hex'))
        ON CONFLICT (cluster) DO NOTHING RETURNING current_setting('synchronous_commit')
        """

    /// Another log in the place of one, whose leader has lost its lease with that.
    static let replace = """
        UPDATE carillon.lease SET epoch = $2, term = term + 1, beat = beat + 1, seq = 0,
            chain = decode(repeat('00', 32), 'hex'), holder = NULL, install = NULL, node = NULL
        WHERE cluster = $1 AND epoch = $3 RETURNING current_setting('synchronous_commit')
        """

    static let epoch = "SELECT epoch FROM carillon.lease WHERE cluster = $1"

    /// A node's row, unless another life of its name, on another copy of the ledger, was seen of late.
    static let announce = """
        INSERT INTO carillon.nodes AS n (cluster, node, incarnation, install, version, schema, plan,
            seq, clock_ms, may_lead, seen_at)
        VALUES ($1, $2, $3, $4, $5, $6::int8, $7, $8, $9, nullif($10, ''), clock_timestamp())
        ON CONFLICT (cluster, node) DO UPDATE SET incarnation = excluded.incarnation,
            install = excluded.install, version = excluded.version, schema = excluded.schema,
            plan = excluded.plan, seq = excluded.seq, clock_ms = excluded.clock_ms,
            may_lead = excluded.may_lead, seen_at = excluded.seen_at
        WHERE n.install = excluded.install
            OR n.seen_at < clock_timestamp() - $11 * interval '1 millisecond'
        RETURNING 1::int8
        """

    static let nodes = """
        SELECT node, incarnation, install, version, schema::int8, plan, seq, clock_ms,
            coalesce(may_lead, ''), (extract(epoch FROM seen_at) * 1000)::int8
        FROM carillon.nodes WHERE cluster = $1 ORDER BY node LIMIT 100
        """

    /// R13, by the leader only: entries that are old enough, and that every node has that was seen
    /// within that time; the last one stays, since a new leader reads both clocks in it.
    static let cut = """
        WITH old AS (
            SELECT t.seq FROM carillon.turns t JOIN carillon.lease l
                ON l.cluster = t.cluster AND l.epoch = t.epoch
            WHERE l.cluster = $1 AND l.epoch = $2 AND l.term = $3 AND l.holder = $4 AND t.seq < l.seq
                AND t.at < clock_timestamp() - $5 * interval '1 millisecond'
                AND t.seq <= coalesce((SELECT min(n.seq) FROM carillon.nodes n WHERE n.cluster = $1
                    AND n.seen_at >= clock_timestamp() - $5 * interval '1 millisecond'), l.seq)
            ORDER BY t.seq LIMIT $6
        ), gone AS (
            DELETE FROM carillon.turns t USING old
            WHERE t.cluster = $1 AND t.epoch = $2 AND t.seq = old.seq RETURNING 1
        )
        SELECT count(*) FROM gone
        """
}
