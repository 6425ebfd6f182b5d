-- A refund closes the hours of an order that are not studied ($-8). What a withdrawal answered is kept:
-- asked again, it answers the same.
CREATE TABLE withdrawals (
    refund_id     uuid         PRIMARY KEY,
    order_id      uuid         NOT NULL,
    learner_id    uuid         NOT NULL REFERENCES learners,
    withdrawn_at  timestamptz  NOT NULL
);

CREATE TABLE withdrawn_courses (
    refund_id      uuid     NOT NULL REFERENCES withdrawals,
    course_id      uuid     NOT NULL,
    hours          integer  NOT NULL,
    hours_studied  integer  NOT NULL,
    PRIMARY KEY (refund_id, course_id),
    CONSTRAINT withdrawn_studied_within_hours CHECK (hours_studied BETWEEN 0 AND hours)
);

CREATE TRIGGER withdrawals_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER withdrawn_courses_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON withdrawn_courses
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();


-- Under a withdrawn enrolment only the hours that are `kept` can be studied: those that were studied when
-- it was withdrawn. The turn says from where on in the record the others earn nothing.
ALTER TABLE enrolments
  ADD COLUMN withdrawn_at    timestamptz,
  ADD COLUMN withdrawn_turn  bigint,
  ADD CONSTRAINT enrolment_withdrawn_in_a_turn
           CHECK ((withdrawn_at IS NULL) = (withdrawn_turn IS NULL));

ALTER TABLE courseware_progress
  ADD COLUMN kept  boolean  NOT NULL DEFAULT false;

ALTER TABLE sessions
 DROP CONSTRAINT session_cause_known,
  ADD CONSTRAINT session_cause_known
           CHECK (ended_by IN ('left', 'completed', 'silence', 'taken', 'refunded'));
