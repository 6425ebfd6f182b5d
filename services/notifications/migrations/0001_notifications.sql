-- Whom mails go to: the newest facts of each learner, as identity tells them.
CREATE TABLE learners (
    learner_id  uuid     PRIMARY KEY,
    version     integer  NOT NULL,
    real_name   text     NOT NULL,
    email       text     NOT NULL,
    kept_at     timestamptz NOT NULL DEFAULT now()
);

-- One mail for one event (W-5). What fills its template stands in "values", without any secret:
-- tokens are made from the request's id when the mail is sent.
CREATE TABLE mails (
    mail_id       uuid        PRIMARY KEY,
    event_id      uuid        NOT NULL,
    template      text        NOT NULL,
    learner_id    uuid        NOT NULL,
    address       text,       -- NULL: where the learner's address is when the mail is sent
    "values"      jsonb       NOT NULL,
    expires_at    timestamptz,             -- of the link in it
    state         text        NOT NULL DEFAULT 'queued',
    claims        integer     NOT NULL DEFAULT 0,  -- how often a worker has taken it
    failures      integer     NOT NULL DEFAULT 0,  -- refusals for now, and unknown outcomes
    unknowns      integer     NOT NULL DEFAULT 0,  -- perhaps delivered: the answer was lost
    next_try_at   timestamptz NOT NULL,
    leased_until  timestamptz,             -- a worker that is silent longer has died
    reason        text,
    detail        text,                    -- what the server said, without addresses
    subject       text,                    -- what was mailed, without secret links
    body          text,
    queued_at     timestamptz NOT NULL,
    sent_at       timestamptz,
    CONSTRAINT mails_event_once UNIQUE (event_id, template),
    CONSTRAINT mails_state_known
        CHECK (state IN ('queued', 'sending', 'failed', 'sent', 'parked')),
    CONSTRAINT mails_leased_while_sending
        CHECK ((state = 'sending') = (leased_until IS NOT NULL)),
    CONSTRAINT mails_sent_has_its_moment CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT mails_parked_has_a_reason CHECK (state <> 'parked' OR reason IS NOT NULL)
);

CREATE INDEX mails_due ON mails (next_try_at) WHERE state IN ('queued', 'failed');
CREATE INDEX mails_leased ON mails (leased_until) WHERE state = 'sending';
CREATE INDEX mails_of_learner ON mails (learner_id, mail_id);
CREATE INDEX mails_by_state ON mails (state, mail_id);

-- What happened to a mail, for staff: each outcome, each resend. Only added to.
CREATE TABLE mail_trail (
    entry_id  bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    mail_id   uuid        NOT NULL REFERENCES mails,
    at        timestamptz NOT NULL,
    what      text        NOT NULL,
    detail    text        NOT NULL DEFAULT '',
    staff_id  uuid,
    staff_name text
);

CREATE INDEX mail_trail_of_mail ON mail_trail (mail_id, entry_id);
