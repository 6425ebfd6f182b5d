CREATE TABLE orders (
    order_id     uuid        PRIMARY KEY,
    number       text        NOT NULL,
    learner_id   uuid        NOT NULL REFERENCES buyers,
    learner_name text        NOT NULL,  -- as it was when the order was placed
    status       text        NOT NULL,
    content      text        NOT NULL,  -- fingerprint of what is bought
    amount_fen   bigint      NOT NULL,
    method       text,                  -- how it was paid
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    paid_at      timestamptz,
    CONSTRAINT order_number_unique UNIQUE (number),
    CONSTRAINT order_number_form CHECK (number ~ '^H[0-9]{6}[0-9A-Z]{12}$'),
    CONSTRAINT order_status_known CHECK (status IN ('unpaid', 'paid', 'cancelled', 'expired')),
    CONSTRAINT order_amount_not_negative CHECK (amount_fen >= 0),
    CONSTRAINT order_paid_says_how_and_when
         CHECK ((status = 'paid') = (paid_at IS NOT NULL AND method IS NOT NULL))
);

CREATE UNIQUE INDEX one_open_order_per_content ON orders (learner_id, content)
    WHERE status = 'unpaid';
CREATE INDEX orders_of_learner ON orders (learner_id, order_id);
CREATE INDEX orders_to_expire ON orders (expires_at) WHERE status = 'unpaid';

CREATE TABLE order_lines (
    order_id    uuid     NOT NULL REFERENCES orders,
    position    smallint NOT NULL,
    kind        text     NOT NULL,
    item_id     uuid     NOT NULL,
    title       text     NOT NULL,
    hours       integer  NOT NULL,
    amount_fen  bigint   NOT NULL,
    course_ids  uuid[]   NOT NULL,
    PRIMARY KEY (order_id, position),
    CONSTRAINT line_amount_not_negative CHECK (amount_fen >= 0),
    CONSTRAINT line_kind_known CHECK (kind IN ('course', 'package'))
);

-- Which paid order opened which course. A course is owned once.
CREATE TABLE owned_courses (
    learner_id  uuid NOT NULL REFERENCES buyers,
    course_id   uuid NOT NULL,
    order_id    uuid NOT NULL REFERENCES orders,
    PRIMARY KEY (learner_id, course_id)
);

-- The stored answer to a request that must not act twice.
CREATE TABLE idempotency_keys (
    actor_id      uuid        NOT NULL,
    key           text        NOT NULL,
    request_hash  text        NOT NULL,
    answer        jsonb,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor_id, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
