CREATE TABLE learners (
    learner_id               uuid        PRIMARY KEY,
    version                  integer     NOT NULL,
    account_name             text        NOT NULL,
    account_base             text        NOT NULL,  -- real name + first six + last four (I-2)
    account_ordinal          integer     NOT NULL,
    real_name                text        NOT NULL,
    kind                     text        NOT NULL,
    mobile                   text        NOT NULL,  -- E.164
    email                    text        NOT NULL,
    email_confirmed_at       timestamptz,
    phone                    text,
    id_number_sealed         bytea       NOT NULL,  -- AES-256-GCM (I-9)
    id_number_mac            text        NOT NULL,  -- HMAC-SHA-256, hex
    id_number_masked         text        NOT NULL,
    check_passed             boolean     NOT NULL,  -- the check character (I-3)
    verification             text        NOT NULL,
    verification_reason      text,
    verification_at          timestamptz,
    qualification_number     text,
    qualification_category   text,
    qualification_expires_on date,
    password_hash            text        NOT NULL,
    password_changed_at      timestamptz NOT NULL,
    registered_at            timestamptz NOT NULL,
    CONSTRAINT learners_version_positive CHECK (version > 0),
    CONSTRAINT learners_kind_known CHECK (kind IN ('holder', 'newcomer', 'titled')),
    CONSTRAINT learners_verification_known
        CHECK (verification IN ('unverified', 'verified', 'returned')),
    CONSTRAINT learners_return_has_reason
        CHECK (verification <> 'returned' OR verification_reason IS NOT NULL),
    CONSTRAINT learners_holder_has_qualification CHECK (
        (kind = 'holder') = (num_nonnulls(qualification_number, qualification_category,
                                          qualification_expires_on) = 3)
        AND num_nonnulls(qualification_number, qualification_category,
                         qualification_expires_on) IN (0, 3)),
    CONSTRAINT learners_id_number_masked CHECK (id_number_masked ~ '^\d{6}\*{8}\d{3}[0-9X]$'),
    CONSTRAINT learners_id_number_once UNIQUE (id_number_mac),       -- I-3
    CONSTRAINT learners_account_name_once UNIQUE (account_name),     -- I-2
    CONSTRAINT learners_account_base_once UNIQUE (account_base, account_ordinal),
    CONSTRAINT learners_mobile_once UNIQUE (mobile)
);

CREATE UNIQUE INDEX learners_email_once ON learners (lower(email));
CREATE INDEX learners_by_account_name ON learners (account_name text_pattern_ops);
CREATE INDEX learners_waiting ON learners (learner_id) WHERE verification = 'unverified';

CREATE TABLE staff (
    staff_id       uuid        PRIMARY KEY,
    login          text        NOT NULL,
    name           text        NOT NULL,
    roles          text[]      NOT NULL,
    password_hash  text        NOT NULL,
    disabled_at    timestamptz,
    added_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT staff_login_once UNIQUE (login)
);

CREATE TABLE captchas (
    captcha_id  uuid        PRIMARY KEY,
    purpose     text,       -- NULL: for any one purpose
    answer      text        NOT NULL,
    expires_at  timestamptz NOT NULL
);

CREATE INDEX captchas_expiring ON captchas (expires_at);

-- Tries that have failed, or whose password is being looked at. Keys are keyed hashes: no name and
-- no address in clear.
CREATE TABLE tries (
    try_id       uuid        PRIMARY KEY,
    account_key  bytea       NOT NULL,
    address_key  bytea       NOT NULL,
    tried_at     timestamptz NOT NULL,
    failed       boolean     NOT NULL
);

CREATE INDEX tries_by_account ON tries (account_key, tried_at);
CREATE INDEX tries_by_address ON tries (address_key, tried_at);

-- A session: one sign-in and the chain of refresh tokens that grew from it.
CREATE TABLE sessions (
    session_id   uuid        PRIMARY KEY,
    subject_id   uuid        NOT NULL,
    kind         text        NOT NULL,
    account_key  bytea       NOT NULL,
    address_key  bytea       NOT NULL,
    started_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    end_reason   text,
    CONSTRAINT sessions_kind_known CHECK (kind IN ('learner', 'staff')),
    CONSTRAINT sessions_end_has_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE INDEX sessions_open ON sessions (subject_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_place ON sessions (account_key, address_key);
CREATE INDEX sessions_expiring ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    token_hash  bytea       PRIMARY KEY,  -- SHA-256 of the token; the token is stored nowhere
    session_id  uuid        NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    rotated_at  timestamptz
);

CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- Requests behind mailed links (I-6, I-7). The link's token is made from the id, and not stored.
CREATE TABLE link_requests (
    request_id    uuid        PRIMARY KEY,
    purpose       text        NOT NULL,
    learner_id    uuid        NOT NULL REFERENCES learners,
    email         text        NOT NULL,
    requested_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz,
    CONSTRAINT link_requests_purpose_known
        CHECK (purpose IN ('email_confirmation', 'password_reset'))
);

CREATE INDEX link_requests_of_learner ON link_requests (learner_id, purpose, requested_at);

-- Who did what to whom. Lines are added, never changed (I-9).
CREATE TABLE audit (
    line_id     uuid        PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_kind  text        NOT NULL,
    actor_id    uuid        NOT NULL,
    actor_name  text        NOT NULL,
    action      text        NOT NULL,
    learner_id  uuid        NOT NULL REFERENCES learners,
    note        text,
    CONSTRAINT audit_actor_known CHECK (actor_kind IN ('learner', 'staff'))
);

CREATE INDEX audit_of_learner ON audit (learner_id, line_id);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
