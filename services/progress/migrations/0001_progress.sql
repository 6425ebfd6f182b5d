-- Records that say what happened are never rewritten.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;


-- What is known of a learner. A row is made by whatever is heard first, an order or the facts;
-- it is also what the actions of one learner lock. Version 0: the facts have not arrived.
CREATE TABLE learners (
    learner_id     uuid         PRIMARY KEY,
    version        integer      NOT NULL DEFAULT 0,
    real_name      text         NOT NULL DEFAULT '',
    kind           text,
    expires_on     date,        -- a holder's certificate; the cycle ends with it
    registered_at  timestamptz,
    CONSTRAINT learner_kind_known CHECK (kind IN ('holder', 'newcomer', 'titled')),
    CONSTRAINT learner_facts_whole
         CHECK (version = 0 OR (kind IS NOT NULL AND registered_at IS NOT NULL))
);


-- The newest outline of each course, as catalogue published it.
CREATE TABLE courses (
    course_id  uuid     PRIMARY KEY,
    version    integer  NOT NULL,
    title      text     NOT NULL,
    kind       text     NOT NULL,
    hours      integer  NOT NULL,
    CONSTRAINT course_kind_known CHECK (kind IN ('required', 'elective', 'certification'))
);

-- A courseware that a later version leaves out stays, unlisted, because hours were earned with it.
CREATE TABLE coursewares (
    courseware_id     uuid     PRIMARY KEY,
    course_id         uuid     NOT NULL REFERENCES courses,
    position          integer  NOT NULL,
    listed            boolean  NOT NULL DEFAULT true,
    title             text     NOT NULL,
    kind              text     NOT NULL,
    required_seconds  integer  NOT NULL,
    media_path        text     NOT NULL,
    popup_questions   jsonb    NOT NULL,  -- asked from the next issue on (P-5)
    exercise          jsonb    NOT NULL,
    CONSTRAINT courseware_kind_known CHECK (kind IN ('video', 'document')),
    CONSTRAINT courseware_time_not_negative CHECK (required_seconds >= 0)
);

CREATE INDEX coursewares_of_course ON coursewares (course_id, position);


-- What an order opened. It may come before the course or the learner is known. A course bought
-- again in a later cycle is a second enrolment, with progress of its own.
CREATE TABLE enrolments (
    enrolment_id  uuid         PRIMARY KEY,
    learner_id    uuid         NOT NULL REFERENCES learners,
    course_id     uuid         NOT NULL,
    order_id      uuid         NOT NULL,
    enrolled_at   timestamptz  NOT NULL,
    CONSTRAINT enrolment_once_per_order UNIQUE (learner_id, course_id, order_id)
);

CREATE TABLE courseware_progress (
    enrolment_id      uuid     NOT NULL REFERENCES enrolments,
    courseware_id     uuid     NOT NULL,
    learner_id        uuid     NOT NULL,
    credited_ms       bigint   NOT NULL DEFAULT 0,  -- the sum of its beats' credited_ms
    position_ms       bigint   NOT NULL DEFAULT 0,
    last_studied_at   timestamptz,
    exercise_done_at  timestamptz,
    best_score        integer,
    completed_at      timestamptz,
    PRIMARY KEY (enrolment_id, courseware_id),
    CONSTRAINT credit_not_negative CHECK (credited_ms >= 0),
    CONSTRAINT score_in_percent CHECK (best_score BETWEEN 0 AND 100)
) WITH (fillfactor = 70);


-- One opened page of one courseware. Times in the row are those after its last beat.
CREATE TABLE sessions (
    session_id     uuid         PRIMARY KEY,
    learner_id     uuid         NOT NULL,
    enrolment_id   uuid         NOT NULL,
    courseware_id  uuid         NOT NULL,
    document       boolean      NOT NULL,
    started_at     timestamptz  NOT NULL,
    start_ms       bigint       NOT NULL,  -- media position at the start
    ended_at       timestamptz,
    ended_by       text,
    state          text         NOT NULL DEFAULT 'counting',
    last_seq       integer      NOT NULL DEFAULT -1,
    heard_at       timestamptz  NOT NULL,  -- arrival of the newest beat
    accounted_at   timestamptz  NOT NULL,  -- up to here each second is credited or has a reason
    page_ms        bigint,                 -- the page's clock at its last beat
    position_ms    bigint       NOT NULL,
    ahead_ms       bigint       NOT NULL DEFAULT 0,
    credited_ms    bigint       NOT NULL DEFAULT 0,
    tail_reason    text,                   -- the newest row of uncredited, to be lengthened
    tail_from      timestamptz,
    tail_until     timestamptz,
    FOREIGN KEY (enrolment_id, courseware_id) REFERENCES courseware_progress,
    CONSTRAINT session_end_has_a_cause CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT session_cause_known CHECK (ended_by IN ('left', 'completed', 'silence')),
    CONSTRAINT session_state_known
         CHECK (state IN ('counting', 'paused', 'idle', 'hidden', 'too_fast'))
) WITH (fillfactor = 70);

CREATE INDEX sessions_of_learner ON sessions (learner_id, coalesce(ended_at, 'infinity'));
CREATE INDEX sessions_of_courseware ON sessions (enrolment_id, courseware_id);
CREATE INDEX sessions_open ON sessions (session_id) WHERE ended_at IS NULL;


-- Every beat that was accepted, once, with what it earned. Session ids grow with time, so new
-- rows land at the end of the only index. Rows are written under their session's lock.
CREATE TABLE beats (
    session_id    uuid         NOT NULL,
    seq           integer      NOT NULL,
    received_at   timestamptz  NOT NULL,
    page_ms       bigint       NOT NULL,
    waited_ms     integer      NOT NULL,  -- in the page, before it was sent
    position_ms   bigint       NOT NULL,
    rate          real         NOT NULL,
    playing       boolean      NOT NULL,
    visible       boolean      NOT NULL,
    idle_ms       bigint       NOT NULL,
    accounted_at  timestamptz  NOT NULL,
    credited_ms   integer      NOT NULL,
    PRIMARY KEY (session_id, seq),
    CONSTRAINT beat_seq_not_negative CHECK (seq >= 0),
    CONSTRAINT beat_credit_not_negative CHECK (credited_ms >= 0)
);

CREATE TRIGGER beats_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON beats
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Time that was not credited, and why (P-9).
CREATE TABLE uncredited (
    session_id  uuid         NOT NULL,
    from_at     timestamptz  NOT NULL,
    until_at    timestamptz  NOT NULL,
    reason      text         NOT NULL,
    PRIMARY KEY (session_id, from_at),
    CONSTRAINT uncredited_runs_forward CHECK (from_at < until_at)
);

CREATE TABLE study_days (
    learner_id   uuid    NOT NULL,
    day          date    NOT NULL,  -- in China
    credited_ms  bigint  NOT NULL,
    PRIMARY KEY (learner_id, day)
) WITH (fillfactor = 70);


CREATE TABLE exercise_attempts (
    attempt_id     uuid         PRIMARY KEY,
    enrolment_id   uuid         NOT NULL,
    courseware_id  uuid         NOT NULL,
    answers        jsonb        NOT NULL,
    score          integer      NOT NULL,
    submitted_at   timestamptz  NOT NULL,
    FOREIGN KEY (enrolment_id, courseware_id) REFERENCES courseware_progress,
    CONSTRAINT attempt_score_in_percent CHECK (score BETWEEN 0 AND 100)
);

CREATE INDEX attempts_of_courseware ON exercise_attempts (enrolment_id, courseware_id);


-- The hour account: one entry per completed courseware, kept for good (P-7, P-11).
CREATE TABLE hour_entries (
    entry_id       uuid         PRIMARY KEY,
    learner_id     uuid         NOT NULL REFERENCES learners,
    enrolment_id   uuid         NOT NULL REFERENCES enrolments,
    course_id      uuid         NOT NULL,
    courseware_id  uuid         NOT NULL,
    course_kind    text         NOT NULL,
    completed_at   timestamptz  NOT NULL,
    CONSTRAINT hour_completed_once UNIQUE (enrolment_id, courseware_id),
    CONSTRAINT hour_kind_known CHECK (course_kind IN ('required', 'elective', 'certification'))
);

CREATE INDEX hour_entries_of_learner ON hour_entries (learner_id, completed_at);

CREATE TRIGGER hour_entries_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON hour_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE TABLE satisfied_cycles (
    learner_id    uuid         NOT NULL REFERENCES learners,
    starts_on     date         NOT NULL,
    ends_on       date         NOT NULL,
    hours         integer      NOT NULL,
    satisfied_at  timestamptz  NOT NULL,
    PRIMARY KEY (learner_id, starts_on),
    CONSTRAINT cycle_runs_forward CHECK (starts_on < ends_on)
);


-- What a cycle requires, by learner kind, from a date on (P-10). A new notice is new rows.
CREATE TABLE requirement_rules (
    kind        text   NOT NULL,
    valid_from  date   NOT NULL,  -- for cycles that end on this day or later
    source      text   NOT NULL,
    parts       jsonb  NOT NULL,  -- [{"label", "kinds": [course kind], "needed": hours}]
    PRIMARY KEY (kind, valid_from),
    CONSTRAINT rule_kind_known CHECK (kind IN ('holder', 'newcomer', 'titled'))
);

INSERT INTO requirement_rules (kind, valid_from, source, parts)
     VALUES ('holder', '2023-01-01', '中检协〔2023〕24号',
             '[{"label": "Required courses", "kinds": ["required"], "needed": 10},
               {"label": "Elective and certification courses",
                "kinds": ["elective", "certification"], "needed": 30}]'),
            ('newcomer', '2023-01-01', '中检协〔2023〕24号',
             '[{"label": "Elective and certification courses",
                "kinds": ["elective", "certification"], "needed": 40}]'),
            ('titled', '2023-01-01', '中检协〔2023〕24号',
             '[{"label": "Elective and certification courses",
                "kinds": ["elective", "certification"], "needed": 40}]');
