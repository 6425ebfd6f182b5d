-- Events to be told. A row is written with the change it tells of, and marked once the bus has
-- it for sure. Published rows stay a while, so that a lost queue can be filled again.
CREATE TABLE outbox (
    position      bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id      uuid        NOT NULL,
    name          text        NOT NULL,
    headers       jsonb       NOT NULL,
    body          bytea       NOT NULL,
    added_at      timestamptz NOT NULL DEFAULT now(),
    published_at  timestamptz,
    CONSTRAINT outbox_event_once UNIQUE (event_id)
);

CREATE INDEX outbox_waiting ON outbox (position) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

CREATE FUNCTION wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY outbox;
    RETURN NULL;
END $$;

CREATE TRIGGER outbox_wakes_relay AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION wake_relay();

-- Events heard. 'handled' is written in the same transaction as the effect; 'failed' waits for
-- its next try; 'parked' waits for somebody to look at it.
CREATE TABLE inbox (
    message_id   text        PRIMARY KEY,
    name         text        NOT NULL,
    state        text        NOT NULL,
    headers      jsonb,      -- NULL once handled
    body         bytea,      -- NULL once handled
    tries        integer     NOT NULL DEFAULT 0,
    reason       text,       -- why the last try failed; never a value of the event
    next_try_at  timestamptz,
    heard_at     timestamptz NOT NULL DEFAULT now(),
    settled_at   timestamptz,
    CONSTRAINT inbox_state_known CHECK (state IN ('handled', 'failed', 'parked')),
    CONSTRAINT inbox_unhandled_keeps_its_body CHECK (state = 'handled' OR body IS NOT NULL)
);

CREATE INDEX inbox_due ON inbox (next_try_at) WHERE state = 'failed';
CREATE INDEX inbox_parked ON inbox (heard_at) WHERE state = 'parked';
CREATE INDEX inbox_handled ON inbox (heard_at) WHERE state = 'handled';
