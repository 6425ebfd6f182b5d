-- xAPI statements for a learning record store; written only where one is configured.
CREATE TABLE statements (
    statement_id  uuid         PRIMARY KEY,
    body          jsonb        NOT NULL,  -- as it is sent, always the same
    attempts      integer      NOT NULL DEFAULT 0,
    next_try_at   timestamptz  NOT NULL,
    sent_at       timestamptz,
    parked_at     timestamptz,            -- refused; waits for staff
    error         text,                   -- why, in the words of the record store
    CONSTRAINT statement_ends_one_way CHECK (sent_at IS NULL OR parked_at IS NULL),
    CONSTRAINT statement_parked_for_a_reason CHECK ((parked_at IS NULL) = (error IS NULL)),
    CONSTRAINT statement_is_its_id CHECK (body ->> 'id' = statement_id::text)
) WITH (fillfactor = 70);

CREATE INDEX statements_waiting ON statements (next_try_at, statement_id)
 WHERE sent_at IS NULL AND parked_at IS NULL;

CREATE INDEX statements_parked ON statements (statement_id) WHERE parked_at IS NOT NULL;
CREATE INDEX statements_sent ON statements (sent_at) WHERE sent_at IS NOT NULL;
