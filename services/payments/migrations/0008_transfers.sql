-- What a remark of a bank statement is searched by: one spelling, O as 0, I and L as 1, no blanks.
ALTER TABLE receipts ADD COLUMN remark_key text GENERATED ALWAYS AS (
    translate(upper(normalize(remark, NFKC)), 'OIL -', '011')) STORED;

CREATE INDEX receipts_with_a_rest ON receipts (receipt_id) WHERE allocated_fen < amount_fen;

-- The remittance reference 「汇款附言」 that a learner is shown before paying. One is open for each
-- learner, until a voucher quotes it ($-3).
CREATE TABLE remittances (
    reference    text         PRIMARY KEY,
    learner_id   uuid         NOT NULL REFERENCES learners,
    made_at      timestamptz  NOT NULL,
    transfer_id  uuid         UNIQUE,
    CONSTRAINT remittance_reference_form CHECK (reference ~ '^[0-9A-HJKMNP-TV-Z]{8}$')
);

CREATE UNIQUE INDEX one_open_remittance_per_learner ON remittances (learner_id)
    WHERE transfer_id IS NULL;

-- W-1: payment vouchers 「付款凭证」 as cases. The ID number stands in the sealed parcel alone.
CREATE TABLE transfers (
    transfer_id      uuid         PRIMARY KEY,
    case_number      text         NOT NULL,
    learner_id       uuid         NOT NULL REFERENCES learners,
    learner_name     text         NOT NULL,  -- as it was when the voucher was handed in
    account_name     text         NOT NULL,
    contact          text         NOT NULL,
    status           text         NOT NULL,
    amount_fen       bigint       NOT NULL,
    payer_name       text         NOT NULL,
    reference        text         NOT NULL REFERENCES remittances,
    bank_reference   text         NOT NULL,  -- empty: not given
    submitted_at     timestamptz  NOT NULL,  -- the first time
    turn             integer      NOT NULL DEFAULT 1,  -- how often it was handed in
    decided_at       timestamptz,
    reason           text         NOT NULL DEFAULT '',  -- why it was returned
    receipt_id       uuid         REFERENCES receipts,
    issued_fen       bigint,
    CONSTRAINT transfer_number_unique UNIQUE (case_number),
    CONSTRAINT transfer_number_form CHECK (case_number ~ '^V[0-9]{6}-[0-9A-Z]{6}$'),
    CONSTRAINT transfer_status_known CHECK (status IN ('submitted', 'returned', 'accepted')),
    CONSTRAINT transfer_positive CHECK (amount_fen > 0 AND issued_fen > 0),
    CONSTRAINT transfer_accepted_says_how CHECK (
        (status = 'accepted') = (receipt_id IS NOT NULL AND issued_fen IS NOT NULL)),
    CONSTRAINT transfer_returned_says_why CHECK (status <> 'returned' OR reason <> ''),
    CONSTRAINT transfer_decided_says_when CHECK ((status = 'submitted') = (decided_at IS NULL))
);

CREATE INDEX transfers_to_decide ON transfers (transfer_id) WHERE status = 'submitted';
CREATE INDEX transfers_of_learner ON transfers (learner_id, transfer_id);
CREATE INDEX transfers_of_receipt ON transfers (receipt_id);

-- Each voucher as it was redrawn; one for each time that the case was handed in.
CREATE TABLE vouchers (
    voucher_id   uuid         PRIMARY KEY,
    transfer_id  uuid         NOT NULL REFERENCES transfers,
    kind         text         NOT NULL,
    bytes        integer      NOT NULL,
    uploaded_at  timestamptz  NOT NULL,
    CONSTRAINT voucher_kind_known CHECK (kind IN ('jpg', 'pdf')),
    CONSTRAINT voucher_not_empty CHECK (bytes > 0)
);

CREATE INDEX vouchers_of_transfer ON vouchers (transfer_id, voucher_id);

-- What happened to a case, for the learner and staff to read; only ever added to.
CREATE TABLE transfer_steps (
    transfer_id  uuid         NOT NULL REFERENCES transfers,
    position     integer      NOT NULL,
    kind         text         NOT NULL,
    at           timestamptz  NOT NULL,
    by           uuid         NOT NULL,
    by_name      text         NOT NULL,
    note         text         NOT NULL,  -- the reason of a return
    PRIMARY KEY (transfer_id, position),
    CONSTRAINT transfer_step_known CHECK (
        kind IN ('submitted', 'returned', 'resubmitted', 'accepted'))
);
