-- Which kind of course it is (C-1): only required ones are discounted ($-6). NULL: published before
-- this was kept; the next publication fills it.
ALTER TABLE courses ADD COLUMN kind text,
    ADD CONSTRAINT course_kind_known CHECK (kind IN ('required', 'elective', 'certification'));

CREATE OR REPLACE VIEW goods AS
    SELECT 'course' AS kind, course_id AS item_id, title, hours, price_fen,
           ARRAY[course_id] AS course_ids, NULL::text[] AS audience, sold, kind AS course_kind
      FROM courses
     WHERE title IS NOT NULL
    UNION ALL
    SELECT 'package', package_id, title, hours, price_fen, course_ids, audience, true, NULL::text
      FROM packages;

-- What a line would have cost more without the discount.
ALTER TABLE order_lines ADD COLUMN discount_fen bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT line_discount_not_negative CHECK (discount_fen >= 0);

-- Certificates of holders, as certificates told them: they prove an earlier renewal.
CREATE TABLE earlier_renewals (
    certificate_number  text  PRIMARY KEY,
    learner_id          uuid  NOT NULL,
    issued_on           date  NOT NULL,
    cycle_starts_on     date  NOT NULL,
    previous_number     text
);

CREATE INDEX earlier_renewals_of_learner ON earlier_renewals (learner_id, cycle_starts_on);

-- Applications for the discount 「学习优惠」 (W-2). A cycle is known by the day on which the
-- qualification ends.
CREATE TABLE discounts (
    discount_id         uuid         PRIMARY KEY,
    case_number         text         NOT NULL,
    learner_id          uuid         NOT NULL REFERENCES buyers,
    certificate_number  text         NOT NULL,  -- as the account said when it was asked for
    cycle_ends_on       date         NOT NULL,
    status              text         NOT NULL,
    requested_at        timestamptz  NOT NULL,
    decided_at          timestamptz,
    decided_by          uuid,                   -- staff; NULL: certificate records decided
    decided_by_name     text,
    reason              text,                   -- of a refusal, for the learner to read
    hours_taken         integer      NOT NULL DEFAULT 0,  -- by unpaid and paid orders
    CONSTRAINT discount_case_number_unique UNIQUE (case_number),
    CONSTRAINT discount_status_known CHECK (status IN ('requested', 'granted', 'refused')),
    CONSTRAINT discount_decided_says_when CHECK ((status = 'requested') = (decided_at IS NULL)),
    CONSTRAINT discount_refusal_has_reason CHECK ((status = 'refused') = (reason IS NOT NULL)),
    CONSTRAINT discount_refused_by_person CHECK (status <> 'refused' OR decided_by IS NOT NULL),
    CONSTRAINT discount_within_ten_hours CHECK (hours_taken BETWEEN 0 AND 10),
    CONSTRAINT discount_granted_before_taken CHECK (hours_taken = 0 OR status = 'granted')
);

CREATE UNIQUE INDEX one_discount_per_cycle ON discounts (learner_id, cycle_ends_on)
    WHERE status <> 'refused';
CREATE INDEX discounts_of_learner ON discounts (learner_id, discount_id);
CREATE INDEX discounts_waiting ON discounts (requested_at) WHERE status = 'requested';

-- Which order took how many free hours; they are free again once its row is released.
CREATE TABLE discount_uses (
    order_id     uuid         PRIMARY KEY REFERENCES orders,
    discount_id  uuid         NOT NULL REFERENCES discounts,
    hours        integer      NOT NULL,
    released_at  timestamptz,
    CONSTRAINT discount_use_positive CHECK (hours BETWEEN 1 AND 10)
);

CREATE INDEX discount_uses_of_discount ON discount_uses (discount_id);
