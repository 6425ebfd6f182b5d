-- What does not fit is settled by a person with a note, or heals when the books catch up; it never
-- goes away. `expected_fen` is our word, `told_fen` the provider's.
ALTER TABLE discrepancies
      DROP CONSTRAINT discrepancy_raised_once,
       ADD COLUMN out_refund_no    text NOT NULL DEFAULT '',
       ADD COLUMN bill_day         date,         -- where the provider's bill told it
       ADD COLUMN healed_at        timestamptz,  -- compared again, the two agreed
       ADD COLUMN settled_at       timestamptz,
       ADD COLUMN settled_by       uuid,
       ADD COLUMN settled_by_name  text,
       ADD COLUMN note             text,
       ADD CONSTRAINT discrepancy_raised_once
           UNIQUE (kind, out_trade_no, transaction_id, out_refund_no),
       ADD CONSTRAINT discrepancy_settled_by_somebody CHECK (
           (settled_at IS NULL AND settled_by IS NULL AND settled_by_name IS NULL AND note IS NULL)
           OR (settled_at IS NOT NULL AND settled_by IS NOT NULL AND settled_by_name IS NOT NULL
               AND length(note) >= 4)),
       ADD CONSTRAINT discrepancy_heals_with_its_bill
           CHECK (healed_at IS NULL OR bill_day IS NOT NULL);

CREATE INDEX discrepancies_open ON discrepancies (raised_at)
    WHERE settled_at IS NULL AND healed_at IS NULL AND refunded_at IS NULL;
CREATE INDEX discrepancies_of_bill ON discrepancies (bill_day) WHERE bill_day IS NOT NULL;
CREATE INDEX orders_by_payment ON orders (paid_at) WHERE status = 'paid';
CREATE INDEX attempts_by_transaction ON attempts (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX journals_by_time ON journals (booked_at, journal_id);
CREATE INDEX journals_by_label ON journals (label) WHERE label <> '';

-- The provider's daily bill: when we ask for it, and what came of comparing it ($-9).
CREATE TABLE bill_days (
    day                 date         PRIMARY KEY,  -- in China
    state               text         NOT NULL,
    tries               integer      NOT NULL DEFAULT 0,
    next_try_at         timestamptz,
    reason              text,                      -- why the last try brought nothing
    compared_at         timestamptz,
    payments_there      integer,
    payments_there_fen  bigint,
    payments_here       integer,
    payments_here_fen   bigint,
    refunds_there       integer,
    refunds_there_fen   bigint,
    refunds_here        integer,
    refunds_here_fen    bigint,
    CONSTRAINT bill_day_state_known CHECK (state IN ('waiting', 'compared', 'none')),
    CONSTRAINT bill_day_waits_for_a_time CHECK ((state = 'waiting') = (next_try_at IS NOT NULL)),
    CONSTRAINT bill_day_compared_has_totals CHECK (state <> 'compared' OR num_nulls(
        compared_at, payments_there, payments_there_fen, payments_here, payments_here_fen,
        refunds_there, refunds_there_fen, refunds_here, refunds_here_fen) = 0)
);

CREATE INDEX bill_days_due ON bill_days (next_try_at) WHERE state = 'waiting';

-- The bill's rows as they came: a payment at midnight is looked for in two of them.
CREATE TABLE bill_rows (
    day             date         NOT NULL REFERENCES bill_days,
    position        integer      NOT NULL,
    kind            text         NOT NULL,
    out_trade_no    text         NOT NULL,
    transaction_id  text         NOT NULL,
    out_refund_no   text         NOT NULL,
    amount_fen      bigint       NOT NULL,
    moved_at        timestamptz  NOT NULL,
    PRIMARY KEY (day, position),
    CONSTRAINT bill_row_kind_known CHECK (kind IN ('payment', 'refund'))
);

CREATE INDEX bill_rows_of_payment ON bill_rows (transaction_id);
CREATE INDEX bill_rows_of_refund ON bill_rows (out_refund_no) WHERE kind = 'refund';

-- Every stored sum computed again from what it stands for. `day` is set for the nightly one.
CREATE TABLE audits (
    audit_id      uuid         PRIMARY KEY,
    day           date,
    started_at    timestamptz  NOT NULL,
    finished_at   timestamptz  NOT NULL,
    asked_by      uuid,                    -- staff; NULL for the nightly one
    figures       jsonb        NOT NULL,   -- how many were computed, by check
    differences   jsonb        NOT NULL,   -- the first of them
    differing     integer      NOT NULL,   -- all of them
    CONSTRAINT audit_nightly_once UNIQUE (day),
    CONSTRAINT audit_has_one_cause CHECK ((day IS NULL) = (asked_by IS NOT NULL))
);

CREATE INDEX audits_latest ON audits (finished_at);
