-- One try to collect an order's money: committed before the provider hears of it.
CREATE TABLE attempts (
    attempt_id      uuid        PRIMARY KEY,
    order_id        uuid        NOT NULL REFERENCES orders,
    ordinal         smallint    NOT NULL,
    out_trade_no    text        NOT NULL,
    method          text        NOT NULL,
    amount_fen      bigint      NOT NULL,
    status          text        NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,  -- the last moment that the provider takes the money
    code_url        text,
    transaction_id  text,
    settled_by      text,
    looks           integer     NOT NULL DEFAULT 0,  -- how often the sweeper has asked
    next_look_at    timestamptz,
    CONSTRAINT attempt_number_unique UNIQUE (out_trade_no),
    CONSTRAINT attempt_number_form CHECK (out_trade_no ~ '^[0-9A-Za-z_*|-]{6,32}$'),
    CONSTRAINT attempt_ordinal_unique UNIQUE (order_id, ordinal),
    CONSTRAINT attempt_ordinal_bounded CHECK (ordinal BETWEEN 1 AND 99),
    CONSTRAINT attempt_amount_positive CHECK (amount_fen > 0),
    CONSTRAINT attempt_status_known CHECK (
        status IN ('creating', 'waiting', 'closing', 'paid', 'surplus', 'closed', 'failed')),
    CONSTRAINT attempt_waiting_has_code CHECK (status <> 'waiting' OR code_url IS NOT NULL),
    CONSTRAINT attempt_paid_names_transaction
         CHECK ((status IN ('paid', 'surplus')) = (transaction_id IS NOT NULL)),
    CONSTRAINT attempt_open_is_looked_after
         CHECK ((status IN ('creating', 'waiting', 'closing')) = (next_look_at IS NOT NULL))
);

CREATE UNIQUE INDEX one_live_attempt_per_method ON attempts (order_id, method)
    WHERE status IN ('creating', 'waiting');
CREATE UNIQUE INDEX one_paying_attempt_per_order ON attempts (order_id) WHERE status = 'paid';
CREATE INDEX attempts_to_look_at ON attempts (next_look_at) WHERE next_look_at IS NOT NULL;

-- Verified notifications as they came. The same transaction told with another amount or number
-- is kept as well: it is evidence, not a repeat.
CREATE TABLE notifications (
    notification_id  uuid        PRIMARY KEY,
    transaction_id   text        NOT NULL,
    out_trade_no     text        NOT NULL,
    amount_fen       bigint      NOT NULL,
    raw              bytea       NOT NULL,
    received_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT notification_told_once UNIQUE (transaction_id, out_trade_no, amount_fen)
);

-- Where the provider's word and ours do not agree; staff look at each.
CREATE TABLE discrepancies (
    discrepancy_id  uuid        PRIMARY KEY,
    kind            text        NOT NULL,
    out_trade_no    text        NOT NULL,
    transaction_id  text        NOT NULL DEFAULT '',
    order_id        uuid        REFERENCES orders,
    expected_fen    bigint,
    told_fen        bigint,
    raised_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT discrepancy_raised_once UNIQUE (kind, out_trade_no, transaction_id)
);

-- Money that arrived for an order which had its money: to be refunded to its source ($-8).
CREATE TABLE surplus_payments (
    transaction_id  text        PRIMARY KEY,
    out_trade_no    text        NOT NULL,
    order_id        uuid        NOT NULL REFERENCES orders,
    amount_fen      bigint      NOT NULL,
    received_at     timestamptz NOT NULL,
    CONSTRAINT surplus_positive CHECK (amount_fen > 0)
);
