-- Money that goes back ($-8): what was asked for, who approved it, and what became of it.
CREATE TABLE refunds (
    refund_id         uuid         PRIMARY KEY,
    case_number       text         NOT NULL,
    order_id          uuid         NOT NULL REFERENCES orders,
    learner_id        uuid         NOT NULL REFERENCES buyers,
    target            text         NOT NULL,
    reason            text         NOT NULL,
    wish_fen          bigint,                   -- what staff chose; else all that is not studied
    by_staff          boolean      NOT NULL,    -- who began it
    status            text         NOT NULL,
    amount_fen        bigint,                   -- reserved in orders.refunded_fen
    asked_at          timestamptz  NOT NULL,
    approved_by       uuid,
    approved_by_name  text,
    approved_at       timestamptz,
    second_needed     boolean      NOT NULL DEFAULT false,  -- above the limit for one person
    second_by         uuid,
    second_by_name    text,
    answer            text         NOT NULL DEFAULT '',     -- why it was declined, or does not go on
    tries             smallint     NOT NULL DEFAULT 0,      -- how often the sum was reserved
    bank_reference    text,                     -- the bank's number of what was paid by hand
    bank_by           uuid,
    bank_by_name      text,
    refunded_at       timestamptz,
    CONSTRAINT refund_case_number_unique UNIQUE (case_number),
    CONSTRAINT refund_target_known CHECK (target IN ('source', 'wallet', 'bank')),
    CONSTRAINT refund_has_a_reason CHECK (reason <> ''),
    CONSTRAINT refund_wish_positive CHECK (wish_fen > 0),
    CONSTRAINT refund_status_known CHECK (
        status IN ('requested', 'second_wanted', 'withdrawing', 'blocked_by_invoice', 'sending',
                   'bank_wanted', 'failed', 'refunded', 'declined')),
    CONSTRAINT refund_reserves_a_sum CHECK (
        (status IN ('sending', 'bank_wanted', 'refunded')) = (amount_fen IS NOT NULL)),
    CONSTRAINT refund_positive CHECK (amount_fen > 0),
    CONSTRAINT refund_approved_by_somebody CHECK (
        (approved_by IS NULL) = (approved_by_name IS NULL)
        AND (approved_by IS NULL) = (approved_at IS NULL)
        AND (approved_by IS NOT NULL OR status IN ('requested', 'declined'))),
    CONSTRAINT refund_second_is_another CHECK (second_by <> approved_by),
    CONSTRAINT refund_second_where_needed CHECK (
        NOT second_needed OR second_by IS NOT NULL
        OR status IN ('requested', 'second_wanted', 'declined')),
    CONSTRAINT refund_bank_payment_by_another CHECK (bank_by <> approved_by),
    CONSTRAINT refund_bank_payment_whole CHECK (
        num_nulls(bank_reference, bank_by, bank_by_name) IN (0, 3)
        AND (status = 'refunded' AND target = 'bank') = (bank_reference IS NOT NULL)),
    CONSTRAINT refund_bank_reference_unique UNIQUE (bank_reference),
    CONSTRAINT refund_declined_says_why CHECK (status <> 'declined' OR answer <> ''),
    CONSTRAINT refund_ends_at_a_time CHECK ((status = 'refunded') = (refunded_at IS NOT NULL))
);

CREATE UNIQUE INDEX one_open_wish_per_order ON refunds (order_id)
    WHERE NOT by_staff AND status NOT IN ('refunded', 'declined');
CREATE INDEX refunds_of_order ON refunds (order_id, refund_id);
CREATE INDEX refunds_of_learner ON refunds (learner_id, refund_id);
CREATE INDEX refunds_open ON refunds (refund_id) WHERE status NOT IN ('refunded', 'declined');

-- The first refund of an order has its unstudied hours closed; what progress answered is what may go
-- back of this order from then on, in any number of parts.
CREATE TABLE order_withdrawals (
    order_id       uuid         PRIMARY KEY REFERENCES orders,
    refund_id      uuid         NOT NULL REFERENCES refunds,
    asked_at       timestamptz  NOT NULL,
    answered_at    timestamptz,
    unstudied_fen  bigint,
    CONSTRAINT withdrawal_answered_with_a_sum
         CHECK ((answered_at IS NULL) = (unstudied_fen IS NULL)),
    CONSTRAINT withdrawal_not_negative CHECK (unstudied_fen >= 0)
);

CREATE TABLE withdrawn_courses (
    order_id       uuid     NOT NULL REFERENCES order_withdrawals,
    course_id      uuid     NOT NULL,
    hours          integer  NOT NULL,
    hours_studied  integer  NOT NULL,
    PRIMARY KEY (order_id, course_id),
    CONSTRAINT withdrawn_studied_within_hours CHECK (hours_studied BETWEEN 0 AND hours)
);

-- Money on its way back to a WeChat payment, committed before WeChat hears of it: a refund's, or a
-- surplus payment's (no refund_id). The same number is sent until its outcome is known.
CREATE TABLE paybacks (
    out_refund_no   text         PRIMARY KEY,
    refund_id       uuid         REFERENCES refunds,
    order_id        uuid         NOT NULL REFERENCES orders,
    out_trade_no    text         NOT NULL,
    transaction_id  text         NOT NULL,
    amount_fen      bigint       NOT NULL,
    total_fen       bigint       NOT NULL,  -- what the payment was
    status          text         NOT NULL,
    error_code      text         NOT NULL DEFAULT '',
    wechat_id       text         NOT NULL DEFAULT '',
    made_at         timestamptz  NOT NULL,
    tries           integer      NOT NULL DEFAULT 0,
    next_try_at     timestamptz,
    settled_at      timestamptz,
    CONSTRAINT payback_number_form CHECK (out_refund_no ~ '^[0-9A-Za-z_|*@-]{1,64}$'),
    CONSTRAINT payback_within_payment CHECK (amount_fen BETWEEN 1 AND total_fen),
    CONSTRAINT payback_status_known CHECK (
        status IN ('waiting', 'submitting', 'processing', 'abnormal', 'success', 'closed',
                   'refused')),
    CONSTRAINT payback_open_is_looked_after CHECK (
        (status IN ('waiting', 'submitting', 'processing', 'abnormal'))
        = (next_try_at IS NOT NULL)),
    CONSTRAINT payback_success_has_a_time CHECK ((status = 'success') = (settled_at IS NOT NULL))
);

CREATE UNIQUE INDEX one_payback_per_surplus ON paybacks (transaction_id) WHERE refund_id IS NULL;
CREATE UNIQUE INDEX one_payback_per_refund ON paybacks (refund_id)
    WHERE status NOT IN ('closed', 'refused');
CREATE INDEX paybacks_of_payment ON paybacks (transaction_id);
CREATE INDEX paybacks_due ON paybacks (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX paybacks_settled ON paybacks (settled_at) WHERE settled_at IS NOT NULL;

-- WeChat takes one request in a minute for one payment: whoever moves the gate may ask.
CREATE TABLE payback_gates (
    transaction_id  text         PRIMARY KEY,
    open_at         timestamptz  NOT NULL
);

-- A surplus payment that went back by itself needs no person any more.
ALTER TABLE discrepancies ADD COLUMN refunded_at timestamptz;

INSERT INTO paybacks (out_refund_no, order_id, out_trade_no, transaction_id, amount_fen, total_fen,
                      status, made_at, next_try_at)
     SELECT 'X' || transaction_id, order_id, out_trade_no, transaction_id, amount_fen, amount_fen,
            'waiting', now(), now()
       FROM surplus_payments;
