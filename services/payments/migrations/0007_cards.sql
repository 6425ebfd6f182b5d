-- Anonymous cards are made in batches, against one bank receipt, by two persons ($-3).
CREATE TABLE card_batches (
    batch_id         uuid         PRIMARY KEY,
    receipt_id       uuid         NOT NULL REFERENCES receipts,
    cards            integer      NOT NULL,
    face_fen         bigint       NOT NULL,
    note             text         NOT NULL,
    status           text         NOT NULL,
    drafted_by       uuid         NOT NULL,
    drafted_by_name  text         NOT NULL,
    drafted_at       timestamptz  NOT NULL,
    approved_by      uuid,
    approved_by_name text,
    approved_at      timestamptz,
    sheet_id         uuid,        -- the sealed file that holds the codes, until it is handed out
    sheet_expires_at timestamptz,
    CONSTRAINT batch_status_known
         CHECK (status IN ('draft', 'approved', 'printed', 'active', 'void')),
    CONSTRAINT batch_size_bounded CHECK (cards BETWEEN 1 AND 2000),
    CONSTRAINT batch_face_bounded CHECK (face_fen BETWEEN 1 AND 5000000),
    CONSTRAINT batch_two_persons CHECK (approved_by <> drafted_by),
    CONSTRAINT batch_approved_says_by_whom CHECK (
        CASE status
             WHEN 'draft' THEN approved_by IS NULL
             WHEN 'void' THEN true
             ELSE approved_by IS NOT NULL AND approved_by_name IS NOT NULL
                  AND approved_at IS NOT NULL
        END),
    CONSTRAINT batch_sheet_only_before_printing
         CHECK (sheet_id IS NULL OR (status = 'approved' AND sheet_expires_at IS NOT NULL))
);

CREATE INDEX card_batches_in_work ON card_batches (batch_id)
    WHERE status IN ('draft', 'approved', 'printed');

-- A card is bearer money: at rest its code is a keyed hash. `expired` is no status but a date.
CREATE TABLE cards (
    card_id            uuid         PRIMARY KEY,
    serial             text         NOT NULL,  -- public; says nothing about the code
    code_mac           text         NOT NULL,  -- HMAC-SHA-256 under the key of `key_version`
    key_version        smallint     NOT NULL,
    code_end           text         NOT NULL,  -- the last four characters, for people
    amount_fen         bigint       NOT NULL,
    status             text         NOT NULL,
    expires_on         date         NOT NULL,  -- the last day on which it can be redeemed
    receipt_id         uuid         NOT NULL REFERENCES receipts,
    batch_id           uuid         REFERENCES card_batches,
    holder_name        text,                   -- a named card: only this person redeems it
    learner_id         uuid,
    id_number_mac      text,
    case_number        text,
    issued_by          uuid         NOT NULL,
    issued_by_name     text         NOT NULL,
    issued_at          timestamptz  NOT NULL,
    redeemed_by        uuid         REFERENCES buyers,
    redeemed_at        timestamptz,
    balance_after_fen  bigint,                 -- what a repeated redemption answers
    replaced_by        uuid         REFERENCES cards,
    CONSTRAINT card_serial_unique UNIQUE (serial),
    CONSTRAINT card_serial_form CHECK (serial ~ '^K[0-9]{6}-[0-9A-Z]{8}$'),
    CONSTRAINT card_code_unique UNIQUE (code_mac),
    CONSTRAINT card_code_hashed CHECK (code_mac ~ '^[0-9a-f]{64}$'),
    CONSTRAINT card_code_end_short CHECK (length(code_end) = 4),
    CONSTRAINT card_amount_bounded CHECK (amount_fen BETWEEN 1 AND 5000000),
    CONSTRAINT card_status_known CHECK (status IN ('inert', 'active', 'redeemed', 'void')),
    CONSTRAINT card_named_or_in_a_batch CHECK ((batch_id IS NULL) = (holder_name IS NOT NULL)),
    CONSTRAINT card_named_finds_its_holder CHECK (
        holder_name IS NULL OR learner_id IS NOT NULL OR id_number_mac IS NOT NULL),
    CONSTRAINT card_redeemed_says_by_whom CHECK (
        (redeemed_by IS NULL) = (redeemed_at IS NULL)
        AND (redeemed_by IS NULL) = (balance_after_fen IS NULL)
        AND CASE status
                 WHEN 'redeemed' THEN redeemed_by IS NOT NULL
                 WHEN 'void' THEN true
                 ELSE redeemed_by IS NULL
            END),
    CONSTRAINT card_replaced_is_void CHECK (replaced_by IS NULL OR status = 'void')
);

CREATE INDEX cards_of_batch ON cards (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX cards_of_receipt ON cards (receipt_id);
CREATE INDEX cards_of_learner ON cards (learner_id) WHERE learner_id IS NOT NULL;
CREATE INDEX cards_of_id_number ON cards (id_number_mac) WHERE id_number_mac IS NOT NULL;
CREATE INDEX cards_redeemed_by ON cards (redeemed_by) WHERE redeemed_by IS NOT NULL;
CREATE INDEX cards_by_code_end ON cards (code_end);
CREATE INDEX cards_of_case ON cards (case_number) WHERE case_number IS NOT NULL;

-- An approved batch is whole: as many cards as were drafted, each of the same face.
CREATE FUNCTION refuse_partial_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.approved_by IS NOT NULL AND NEW.cards <> (
           SELECT count(*) FILTER (WHERE amount_fen = NEW.face_fen)
                  - count(*) FILTER (WHERE amount_fen <> NEW.face_fen)
             FROM cards
            WHERE batch_id = NEW.batch_id
              AND replaced_by IS NULL)
    THEN
        RAISE EXCEPTION 'the batch does not hold the cards that it promises'
              USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_is_whole';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER batch_is_whole AFTER INSERT OR UPDATE ON card_batches
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_partial_batch();

-- Who did what to a card or a batch, when and why.
CREATE TABLE card_trail (
    entry_id  uuid         PRIMARY KEY,
    card_id   uuid         REFERENCES cards,
    batch_id  uuid         REFERENCES card_batches,
    what      text         NOT NULL,
    reason    text         NOT NULL,
    by_id     uuid         NOT NULL,
    by_name   text         NOT NULL,
    made_at   timestamptz  NOT NULL,
    CONSTRAINT trail_is_about_one_thing CHECK ((card_id IS NULL) <> (batch_id IS NULL))
);

CREATE INDEX trail_of_card ON card_trail (card_id) WHERE card_id IS NOT NULL;
CREATE INDEX trail_of_batch ON card_trail (batch_id) WHERE batch_id IS NOT NULL;

-- Every try to redeem. Why one failed stands here and nowhere else.
CREATE TABLE card_tries (
    try_id      uuid         PRIMARY KEY,
    learner_id  uuid         NOT NULL REFERENCES buyers,
    address     text         NOT NULL,
    outcome     text         NOT NULL,
    card_id     uuid         REFERENCES cards,
    tried_at    timestamptz  NOT NULL,
    failed      boolean      NOT NULL GENERATED ALWAYS AS (
                    outcome NOT IN ('redeemed', 'repeated')) STORED,
    CONSTRAINT try_outcome_known CHECK (outcome IN (
        'redeemed', 'repeated', 'unknown', 'inert', 'void', 'expired', 'used', 'not_yours'))
);

CREATE INDEX failed_tries_of_learner ON card_tries (learner_id, tried_at) WHERE failed;
CREATE INDEX failed_tries_from_address ON card_tries (address, tried_at) WHERE failed;
CREATE INDEX failed_tries ON card_tries (tried_at) WHERE failed;
CREATE INDEX tries_of_card ON card_tries (card_id) WHERE card_id IS NOT NULL;

-- A learner's CNY account is read as a list of its postings.
CREATE INDEX postings_of_wallets ON postings (account, journal_id)
    WHERE account LIKE 'liability:wallet:%';
