-- Learners as identity tells of them: the newest version of each.
CREATE TABLE learners (
    learner_id                uuid     PRIMARY KEY,
    version                   integer  NOT NULL,
    real_name                 text     NOT NULL,
    account_name              text     NOT NULL,
    email                     text     NOT NULL,
    kind                      text     NOT NULL,
    id_number_masked          text     NOT NULL,
    id_number_mac             text     NOT NULL,
    qualification_number      text,
    qualification_expires_on  date,
    CONSTRAINT learner_kind_known CHECK (kind IN ('holder', 'newcomer', 'titled'))
);

CREATE INDEX learners_by_id_number ON learners (id_number_mac);
