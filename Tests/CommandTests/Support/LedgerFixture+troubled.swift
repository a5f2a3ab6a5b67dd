extension LedgerFixture {
    /// A held slot of gl, a connection in trouble, a full log; two messages.
    static func troubled() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        try fixture.execute(
            """
            UPDATE schedule_states SET tags = '["finance"]' WHERE schedule = 'close';
            INSERT INTO connections (connection, base_url, api_version) VALUES
                ('test', 'https://test', '2026-01-01');
            UPDATE schedule_states SET connection = 'test' WHERE schedule = 'close';
            INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds,
                disposition, reason, connection, base_url, process_id, revision_id, next_action_at,
                window_from_at, created_at) VALUES
                (5, 'gl', 'rule', 1781517600000, 1781517600000, 0, 'pending', 'due', 'prod', 'u',
                    'p1', 1, 1, 1, 1);
            UPDATE slots SET disposition = 'held' WHERE slot_id = 5;
            INSERT INTO alarms VALUES ('log', '/carillon.db', 1781521200000, 'it grows'),
                ('overlap', 'close', 1781521200000, 'run r9 is still open'),
                ('preflight', 'close@2026-06-16T11:00:00Z', 1781521200000, 'no such process');
            INSERT INTO deliveries (delivery_id, target, state, created_at, ended_at) VALUES
                (1, 'ops', 'delivered', 1781521200000, 1781521201000),
                (2, 'ops', 'delivered', 1781524700000, 1781524701000);
            INSERT INTO deliveries (delivery_id, target, heartbeat_of, state, created_at, ended_at)
                VALUES (3, 'dead-man', 'gl', 'delivered', 1781524700000, 1781524701000);
            INSERT INTO delivery_events SELECT 1, kind, event_id FROM events
                WHERE subject LIKE 'gl@%' AND kind = 'slot_held';
            INSERT INTO delivery_events SELECT 2, kind, event_id FROM events
                WHERE subject = 'close' AND kind = 'overlap';
            """)
        return fixture
    }
}
