-- A learner's word against a day's uncredited time, and what the association answered (P-9).
CREATE TABLE appeals (
    appeal_id      uuid         PRIMARY KEY,
    learner_id     uuid         NOT NULL REFERENCES learners,
    enrolment_id   uuid         NOT NULL REFERENCES enrolments,
    courseware_id  uuid         NOT NULL,
    day            date         NOT NULL,  -- in China
    words          text         NOT NULL,
    state          text         NOT NULL DEFAULT 'open',
    opened_at      timestamptz  NOT NULL,
    decided_at     timestamptz,
    decided_by     uuid,
    decided_name   text,
    answer         text,
    granted_ms     bigint,
    CONSTRAINT appeal_words_not_too_long CHECK (length(words) BETWEEN 1 AND 1000),
    CONSTRAINT appeal_state_known CHECK (state IN ('open', 'granted', 'declined')),
    CONSTRAINT appeal_decision_whole
         CHECK ((state = 'open') = (decided_at IS NULL)
            AND (decided_at IS NULL) = (decided_by IS NULL)
            AND (decided_at IS NULL) = (decided_name IS NULL)
            AND (decided_at IS NULL) = (answer IS NULL)),
    CONSTRAINT appeal_grant_has_time CHECK ((state = 'granted') = coalesce(granted_ms > 0, false))
);

CREATE UNIQUE INDEX appeal_open_once ON appeals (learner_id, courseware_id, day)
    WHERE state = 'open';
CREATE INDEX appeals_of_courseware ON appeals (enrolment_id, courseware_id, day);
CREATE INDEX appeals_waiting ON appeals (opened_at, appeal_id) WHERE state = 'open';
