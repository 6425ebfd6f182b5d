-- Learners as identity tells of them. A row may stand here before its facts: it is what every
-- change about one learner locks, so that whatever comes last issues the certificate.
CREATE TABLE learners (
    learner_id                uuid     PRIMARY KEY,
    version                   integer  NOT NULL DEFAULT 0,  -- 0: nothing told yet
    real_name                 text     NOT NULL DEFAULT '',
    kind                      text     NOT NULL DEFAULT 'newcomer',
    id_number_masked          text     NOT NULL DEFAULT '',
    id_number_mac             text     NOT NULL DEFAULT '',
    verified                  boolean  NOT NULL DEFAULT false,
    qualification_number      text,
    qualification_category    text,
    qualification_expires_on  date,
    title_category            text,
    title_authority           text,
    title_number              text,
    CONSTRAINT learner_kind CHECK (kind IN ('holder', 'newcomer', 'titled')),
    CONSTRAINT known_learners_have_names CHECK (version = 0 OR real_name <> ''),
    CONSTRAINT qualification_is_whole
         CHECK (num_nulls(qualification_number, qualification_category,
                          qualification_expires_on) IN (0, 3)),
    CONSTRAINT title_is_whole
         CHECK (num_nulls(title_category, title_authority, title_number) IN (0, 3))
);

-- Cycles whose hours are complete (P-10), as progress tells of them.
CREATE TABLE cycles (
    learner_id        uuid         NOT NULL REFERENCES learners,
    starts_on         date         NOT NULL,
    ends_on           date         NOT NULL,
    hours             integer      NOT NULL,
    study_started_on  date         NOT NULL,
    satisfied_at      timestamptz  NOT NULL,
    PRIMARY KEY (learner_id, starts_on),
    CONSTRAINT cycle_goes_forward CHECK (ends_on > starts_on),
    CONSTRAINT cycle_has_hours CHECK (hours > 0)
);

-- Renewal registrations 「续证学习登记」 (Z-2): one for each cycle.
CREATE TABLE registrations (
    registration_id  uuid         PRIMARY KEY,
    learner_id       uuid         NOT NULL,
    cycle_starts_on  date         NOT NULL,
    work_unit        text         NOT NULL,
    postal_address   text         NOT NULL,
    registered_at    timestamptz  NOT NULL,
    CONSTRAINT one_registration_per_cycle UNIQUE (learner_id, cycle_starts_on),
    CONSTRAINT registration_of_a_satisfied_cycle
       FOREIGN KEY (learner_id, cycle_starts_on) REFERENCES cycles (learner_id, starts_on)
);

-- The dates on which renewed certificates are issued (Z-2). Data: a new notice adds rows.
CREATE TABLE cohorts (
    cohort_on  date  PRIMARY KEY,
    origin     text  NOT NULL  -- the notice that sets it; 'demo' for the demo's own
);

INSERT INTO cohorts (cohort_on, origin)
     VALUES ('2023-07-06', 'CIQA notice 2023-24'),
            ('2023-07-21', 'CIQA notice 2023-24'),
            ('2023-08-15', 'CIQA notice 2023-24'),
            ('2024-03-01', 'CIQA notice 2023-24');

CREATE SEQUENCE certificate_numbers;

CREATE TABLE certificates (
    certificate_id   uuid         PRIMARY KEY,
    learner_id       uuid         NOT NULL,
    cycle_starts_on  date         NOT NULL,
    form             text         NOT NULL,
    number           text         NOT NULL,
    check_code       text         NOT NULL,
    version          integer      NOT NULL,
    previous_id      uuid         REFERENCES certificates,
    state            text         NOT NULL,  -- that it has expired follows from valid_until
    snapshot         jsonb        NOT NULL,  -- what it says, frozen at issue (Z-6)
    id_number_mac    text         NOT NULL,  -- for the query by name and ID number (Z-5)
    cohort_on        date,
    issued_on        date         NOT NULL,
    valid_until      date         NOT NULL,
    issued_at        timestamptz  NOT NULL DEFAULT now(),
    document_name    text,                   -- NULL: not printed yet
    document_tries   integer      NOT NULL DEFAULT 0,
    CONSTRAINT certificate_number_is_unique UNIQUE (number),
    CONSTRAINT check_code_is_unique UNIQUE (check_code),
    CONSTRAINT one_certificate_per_cycle_and_version
        UNIQUE (learner_id, cycle_starts_on, version),
    CONSTRAINT one_correction_per_certificate UNIQUE (previous_id),
    CONSTRAINT only_corrections_have_predecessors CHECK ((version = 1) = (previous_id IS NULL)),
    CONSTRAINT certificate_form CHECK (form IN ('holder', 'newcomer', 'titled')),
    CONSTRAINT certificate_state CHECK (state IN ('valid', 'superseded', 'revoked')),
    CONSTRAINT check_code_is_hard_to_guess CHECK (length(check_code) >= 16),
    CONSTRAINT certificate_ends_after_it_begins CHECK (valid_until > cohort_on),
    CONSTRAINT certificate_of_a_satisfied_cycle
       FOREIGN KEY (learner_id, cycle_starts_on) REFERENCES cycles (learner_id, starts_on)
);

CREATE UNIQUE INDEX one_valid_certificate_per_cycle
    ON certificates (learner_id, cycle_starts_on) WHERE state = 'valid';
CREATE INDEX certificates_by_id_number ON certificates (id_number_mac);
CREATE INDEX certificates_by_issue ON certificates (issued_on);
CREATE INDEX certificates_without_document ON certificates (document_tries, issued_at)
 WHERE document_name IS NULL;

-- How often the public query was used, by the minute (Z-5). `who` is a hash of an address, or '*'.
CREATE TABLE searches (
    who      text         NOT NULL,
    minute   timestamptz  NOT NULL,
    count    integer      NOT NULL,
    PRIMARY KEY (who, minute)
);
