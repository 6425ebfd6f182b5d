-- The record in the order in which it was taken: with it, credit can be computed again at any time.
CREATE SEQUENCE turns;


-- The bounds that beats were judged by, from a turn on; a new setting is a new row.
CREATE TABLE study_rules (
    turn           bigint       PRIMARY KEY DEFAULT nextval('turns'),
    interval_ms    integer      NOT NULL,
    idle_limit_ms  integer      NOT NULL,
    late_ms        integer      NOT NULL,
    since          timestamptz  NOT NULL DEFAULT now()
);

CREATE TRIGGER study_rules_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON study_rules
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();


ALTER TABLE coursewares
  ADD COLUMN question_rule  text  NOT NULL DEFAULT 'restart',
  ADD COLUMN max_rate       real  NOT NULL DEFAULT 1.5,
  ADD CONSTRAINT courseware_question_rule_known
           CHECK (question_rule IN ('none', 'restart', 'checkpoint')),
  ADD CONSTRAINT courseware_rate_not_slow CHECK (max_rate >= 1);


ALTER TABLE courseware_progress
  ADD COLUMN question_due_ms  bigint;  -- credit at which the next question is asked; unknown to pages


ALTER TABLE sessions
  ADD COLUMN turn         bigint       NOT NULL DEFAULT 0,  -- of its opening
  ADD COLUMN ended_turn   bigint,
  ADD COLUMN max_rate     real         NOT NULL DEFAULT 1.5,
  ADD COLUMN address      inet,                    -- from which it was opened, for P-12
  ADD COLUMN open_since   timestamptz,             -- without a silence since then
  ADD COLUMN open_before  bigint[]     NOT NULL DEFAULT '{}',  -- from, until, from, … in ms
  ADD COLUMN void_until   timestamptz,             -- time up to here earns nothing any more (P-5)
 DROP CONSTRAINT session_cause_known,
  ADD CONSTRAINT session_cause_known
           CHECK (ended_by IN ('left', 'completed', 'silence', 'taken'));

UPDATE sessions SET open_since = started_at;
ALTER TABLE sessions ALTER COLUMN open_since SET NOT NULL;


-- Beats by month of their session, so that the index that is written to stays small and old months
-- can be moved away. Session ids begin with their time.
ALTER TABLE beats RENAME TO beats_unparted;
ALTER TABLE beats_unparted RENAME CONSTRAINT beats_pkey TO beats_unparted_pkey;

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
    turn          bigint       NOT NULL,
    PRIMARY KEY (session_id, seq),
    CONSTRAINT beat_seq_not_negative CHECK (seq >= 0),
    CONSTRAINT beat_credit_not_negative CHECK (credited_ms >= 0)
) PARTITION BY RANGE (session_id);

CREATE TRIGGER beats_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON beats
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE TABLE beats_rest PARTITION OF beats DEFAULT;

CREATE FUNCTION first_id(since timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT rpad(lpad(to_hex((extract(epoch FROM since) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- Make the partitions of this month and of the next two; those that are there stay.
CREATE FUNCTION make_beat_partitions(today date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month date;
    part  text;
BEGIN
    FOR ahead IN 0..2 LOOP
        month := date_trunc('month', today) + ahead * interval '1 month';
        part := 'beats_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I PARTITION OF beats FOR VALUES FROM (%L) TO (%L)', part,
                       first_id(month::timestamp AT TIME ZONE 'UTC'),
                       first_id((month + interval '1 month') AT TIME ZONE 'UTC'));
        EXECUTE format('CREATE TRIGGER beats_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', part);
    END LOOP;
END $$;

CREATE TRIGGER beats_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON beats_rest
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

SELECT make_beat_partitions(current_date);

INSERT INTO beats
     SELECT session_id, seq, received_at, page_ms, waited_ms, position_ms, rate, playing, visible,
            idle_ms, accounted_at, credited_ms, 0
       FROM beats_unparted;

DROP TABLE beats_unparted;


-- What moves the credit of a courseware beside beats: a restart takes back (P-5), staff correct
-- (P-12). courseware_progress.credited_ms is the sum of its beats and of these.
CREATE TABLE credit_entries (
    entry_id       uuid         PRIMARY KEY,
    learner_id     uuid         NOT NULL,
    enrolment_id   uuid         NOT NULL,
    courseware_id  uuid         NOT NULL,
    session_id     uuid,
    kind           text         NOT NULL,
    credited_ms    bigint       NOT NULL,
    reason         text         NOT NULL,  -- of a restart: unanswered, wrong; else staff's words
    since_at       timestamptz,            -- a restart voids what was earned since then
    question_id    uuid,
    by_staff       uuid,
    by_name        text,
    made_at        timestamptz  NOT NULL,
    turn           bigint       NOT NULL DEFAULT nextval('turns'),
    FOREIGN KEY (enrolment_id, courseware_id) REFERENCES courseware_progress,
    CONSTRAINT credit_entry_kind_known CHECK (kind IN ('restart', 'correction')),
    CONSTRAINT credit_entry_has_a_reason CHECK (reason <> ''),
    CONSTRAINT restart_takes_back CHECK (kind <> 'restart' OR credited_ms <= 0),
    CONSTRAINT correction_has_an_author
         CHECK (kind <> 'correction' OR by_staff IS NOT NULL AND by_name IS NOT NULL)
);

CREATE INDEX credit_entries_of_courseware
    ON credit_entries (enrolment_id, courseware_id, made_at);
CREATE INDEX credit_entries_of_learner ON credit_entries (learner_id, made_at);

CREATE TRIGGER credit_entries_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();


-- Questions that were asked (P-5). Each asking is answered at most once.
CREATE TABLE questions (
    asking_id      uuid         PRIMARY KEY,
    question_id    uuid         NOT NULL,  -- in the courseware's pool
    learner_id     uuid         NOT NULL,
    enrolment_id   uuid         NOT NULL,
    courseware_id  uuid         NOT NULL,
    session_id     uuid         NOT NULL REFERENCES sessions,
    asked          jsonb        NOT NULL,  -- as it was shown, with its answer
    asked_at       timestamptz  NOT NULL,
    deadline       timestamptz  NOT NULL,  -- moves while no page of the courseware is heard
    seen_at        timestamptz  NOT NULL,  -- a page last asked how things stand
    state          text         NOT NULL DEFAULT 'open',
    chosen         integer[],
    answered_at    timestamptz,
    credited_ms    bigint       NOT NULL,  -- of the courseware, when it was asked
    position_ms    bigint       NOT NULL,
    FOREIGN KEY (enrolment_id, courseware_id) REFERENCES courseware_progress,
    CONSTRAINT question_state_known CHECK (state IN ('open', 'right', 'wrong', 'missed', 'void')),
    CONSTRAINT question_end_has_a_time CHECK ((state = 'open') = (answered_at IS NULL))
);

CREATE UNIQUE INDEX question_open_once ON questions (enrolment_id, courseware_id)
 WHERE state = 'open';
CREATE INDEX questions_of_courseware ON questions (enrolment_id, courseware_id, asked_at);
CREATE INDEX questions_open ON questions (deadline) WHERE state = 'open';
