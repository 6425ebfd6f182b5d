-- A learner's CNY account 「元账户」: the sum of its postings, kept beside them in the same transaction
-- ($-4, $-9). `make audit` computes it again.
CREATE TABLE wallets (
    learner_id   uuid    PRIMARY KEY REFERENCES buyers,
    balance_fen  bigint  NOT NULL,
    CONSTRAINT wallet_not_negative CHECK (balance_fen >= 0)
);

-- What a person reads beside a movement: an order's number, a card's serial.
ALTER TABLE journals ADD COLUMN label text NOT NULL DEFAULT '';

-- How much of an order's money is promised back or has gone back: reserved before any money moves
-- ($-8), and part of the ceiling of invoices ($-7).
ALTER TABLE orders ADD COLUMN refunded_fen bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_refunded_within_paid CHECK (
        refunded_fen BETWEEN 0 AND amount_fen AND (refunded_fen = 0 OR status = 'paid'));

-- Money that reached the association's bank account ($-3). `allocated_fen` of it became cards.
CREATE TABLE receipts (
    receipt_id        uuid         PRIMARY KEY,
    bank_reference    text         NOT NULL,  -- the bank's own number of the movement
    payer_name        text         NOT NULL,
    remark            text         NOT NULL,
    amount_fen        bigint       NOT NULL,
    received_on       date         NOT NULL,
    allocated_fen     bigint       NOT NULL DEFAULT 0,
    recorded_by       uuid         NOT NULL,  -- staff; whoever issues cards for it is another one
    recorded_by_name  text         NOT NULL,
    recorded_at       timestamptz  NOT NULL,
    CONSTRAINT receipt_recorded_once UNIQUE (bank_reference),
    CONSTRAINT receipt_positive CHECK (amount_fen > 0),
    CONSTRAINT receipt_allocated_within_amount CHECK (allocated_fen BETWEEN 0 AND amount_fen)
);
