-- How a courseware may be studied: what a missed pop-up question does (P-5), how fast it may run (P-2).
-- What stands here already was published under the rules that are now the defaults.

ALTER TABLE coursewares
    ADD COLUMN question_rule      text             NOT NULL DEFAULT 'restart',
    ADD COLUMN max_playback_rate  double precision NOT NULL DEFAULT 1.5,
    ADD CONSTRAINT coursewares_question_rule_is_known
        CHECK (question_rule IN ('none', 'restart', 'checkpoint')),
    ADD CONSTRAINT coursewares_playback_rate_is_fair
        CHECK (max_playback_rate BETWEEN 1 AND 2);
