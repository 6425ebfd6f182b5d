-- The desk of staff (P-12): hours put right by an entry of their own, and patterns for a human eye.

-- An hour account is corrected by adding a row, never by editing one.
CREATE TABLE hour_corrections (
    correction_id  uuid         PRIMARY KEY,
    learner_id     uuid         NOT NULL REFERENCES learners,
    course_kind    text         NOT NULL,
    hours          smallint     NOT NULL,  -- signed
    reason         text         NOT NULL,
    by_staff       uuid         NOT NULL,
    by_name        text         NOT NULL,
    corrected_at   timestamptz  NOT NULL,
    CONSTRAINT correction_kind_known CHECK (course_kind IN ('required', 'elective', 'certification')),
    CONSTRAINT correction_changes_something CHECK (hours <> 0),
    CONSTRAINT correction_has_a_reason CHECK (reason <> '')
);

CREATE INDEX hour_corrections_of_learner ON hour_corrections (learner_id, corrected_at);

CREATE TRIGGER hour_corrections_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON hour_corrections
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();


-- What looks unlike a person who studies, with its figures. Nothing follows from a flag by itself.
CREATE TABLE flags (
    flag_id       uuid         PRIMARY KEY,
    pattern       text         NOT NULL,
    learner_id    uuid         NOT NULL REFERENCES learners,
    day           date         NOT NULL,  -- in China
    strength      integer      NOT NULL,  -- beats, answers, minutes or learners: more is stronger
    evidence      jsonb        NOT NULL,
    raised_at     timestamptz  NOT NULL,
    state         text         NOT NULL DEFAULT 'open',
    judged_by     uuid,
    judged_name   text,
    judged_at     timestamptz,
    note          text,
    CONSTRAINT flag_once_a_day UNIQUE (learner_id, day, pattern),
    CONSTRAINT flag_pattern_known
         CHECK (pattern IN ('even_beats', 'fast_answers', 'long_day', 'shared_address')),
    CONSTRAINT flag_state_known CHECK (state IN ('open', 'cleared', 'confirmed')),
    CONSTRAINT flag_judged_by_somebody
         CHECK ((state = 'open') = (judged_by IS NULL)
            AND (judged_by IS NULL) = (judged_at IS NULL)
            AND (judged_by IS NULL) = (note IS NULL))
);

CREATE INDEX flags_open ON flags (flag_id) WHERE state = 'open';


-- The chart of all learners' days, and the search for a name by its beginning.
CREATE INDEX study_days_by_day ON study_days (day);
CREATE INDEX learners_by_name ON learners (real_name COLLATE "C", learner_id);
