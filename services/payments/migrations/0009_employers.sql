-- An employer 「单位」 pays one transfer for many people ($-5). Its contact is a learner.
CREATE TABLE employer_cases (
    case_id          uuid         PRIMARY KEY,
    case_number      text         NOT NULL,  -- the remittance reference, too
    contact_id       uuid         NOT NULL,
    employer_name    text         NOT NULL,
    tax_number       text,
    contact_name     text         NOT NULL,
    phone            text         NOT NULL,
    email            text         NOT NULL,
    status           text         NOT NULL,
    hours            integer      NOT NULL DEFAULT 0,  -- of all people on the list
    amount_fen       bigint       NOT NULL DEFAULT 0,
    created_at       timestamptz  NOT NULL,
    quoted_at        timestamptz,
    valid_until      date,
    reason           text,                   -- why it was returned, for the contact to read
    receipt_id       uuid         REFERENCES receipts,
    issued_at        timestamptz,
    issued_by        uuid,
    issued_by_name   text,
    sheet_id         uuid,                   -- the sealed codes of those without an account
    sheet_taken_at   timestamptz,
    invoice_id       uuid,
    CONSTRAINT employer_case_number_unique UNIQUE (case_number),
    CONSTRAINT employer_case_number_form CHECK (case_number ~ '^E[0-9]{6}-[0-9A-Z]{6}$'),
    CONSTRAINT employer_case_status_known
         CHECK (status IN ('draft', 'quoted', 'issued', 'returned', 'cancelled')),
    CONSTRAINT employer_tax_number_form CHECK (tax_number ~ '^[0-9A-Z]{18}$'),
    CONSTRAINT employer_amount_is_fifteen_yuan_an_hour CHECK (amount_fen = hours * 1500),
    CONSTRAINT employer_quoted_has_people_and_date CHECK (
        status NOT IN ('quoted', 'issued')
        OR (amount_fen > 0 AND quoted_at IS NOT NULL AND valid_until IS NOT NULL)),
    CONSTRAINT employer_issued_says_how CHECK (
        (status = 'issued') = (receipt_id IS NOT NULL AND issued_at IS NOT NULL
                               AND issued_by IS NOT NULL AND issued_by_name IS NOT NULL)),
    CONSTRAINT employer_returned_says_why CHECK (status <> 'returned' OR reason IS NOT NULL),
    CONSTRAINT employer_sheet_only_after_issue CHECK (sheet_id IS NULL OR status = 'issued'),
    CONSTRAINT employer_sheet_taken_once CHECK (sheet_taken_at IS NULL OR sheet_id IS NULL),
    CONSTRAINT employer_receipt_pays_one_case UNIQUE (receipt_id)
);

CREATE INDEX employer_cases_of_contact ON employer_cases (contact_id, case_id);
CREATE INDEX employer_cases_to_issue ON employer_cases (quoted_at) WHERE status = 'quoted';

-- The people on a case's list. Of their ID numbers only the keyed hash and the mask are kept (I-9).
CREATE TABLE employer_people (
    case_id           uuid      NOT NULL REFERENCES employer_cases,
    position          smallint  NOT NULL,
    name              text      NOT NULL,
    id_number_mac     text      NOT NULL,
    id_number_masked  text      NOT NULL,
    check_failed      boolean   NOT NULL,  -- the check character does not fit; confirmed (I-3)
    hours             integer   NOT NULL,
    card_id           uuid      REFERENCES cards,
    PRIMARY KEY (case_id, position),
    CONSTRAINT employer_person_listed_once UNIQUE (case_id, id_number_mac),
    CONSTRAINT employer_list_bounded CHECK (position BETWEEN 1 AND 1000),
    CONSTRAINT employer_hours_bounded CHECK (hours BETWEEN 1 AND 200),
    CONSTRAINT employer_person_masked CHECK (id_number_masked ~ '^[0-9]{6}[*]{8}[0-9]{3}[0-9X]$'),
    CONSTRAINT employer_card_for_one_person UNIQUE (card_id)
);
