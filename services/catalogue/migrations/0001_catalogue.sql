-- What can be studied and bought (C-1 to C-5), who owns it (C-4), and the notices of the home page.

CREATE TABLE courses (
    course_id     uuid        PRIMARY KEY,
    title         text        NOT NULL,
    kind          text        NOT NULL,
    area          text        NOT NULL,
    summary       text        NOT NULL,
    description   text        NOT NULL,
    hours         integer     NOT NULL,
    price_fen     bigint      NOT NULL,
    state         text        NOT NULL DEFAULT 'draft',
    version       integer     NOT NULL DEFAULT 0,
    published_at  timestamptz NOT NULL,
    CONSTRAINT courses_title_is_filled CHECK (length(title) BETWEEN 1 AND 120),
    CONSTRAINT courses_kind_is_known CHECK (kind IN ('required', 'elective', 'certification')),
    CONSTRAINT courses_hours_are_positive CHECK (hours > 0),
    CONSTRAINT courses_price_is_not_negative CHECK (price_fen >= 0),
    CONSTRAINT courses_state_is_known CHECK (state IN ('draft', 'published', 'retired')),
    CONSTRAINT courses_version_counts_publications CHECK ((version = 0) = (state = 'draft'))
);

CREATE TABLE coursewares (
    courseware_id     uuid    PRIMARY KEY,
    course_id         uuid    NOT NULL REFERENCES courses,
    position          integer NOT NULL,
    title             text    NOT NULL,
    kind              text    NOT NULL,
    required_seconds  integer NOT NULL,
    media_path        text    NOT NULL,
    CONSTRAINT coursewares_have_their_place UNIQUE (course_id, position) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT coursewares_title_is_filled CHECK (length(title) BETWEEN 1 AND 120),
    CONSTRAINT coursewares_kind_is_known CHECK (kind IN ('video', 'document')),
    CONSTRAINT coursewares_take_time CHECK (required_seconds > 0),
    CONSTRAINT coursewares_media_is_ours CHECK (media_path LIKE '/media/%')
);

CREATE TABLE questions (
    question_id    uuid      PRIMARY KEY,
    courseware_id  uuid      NOT NULL REFERENCES coursewares ON DELETE CASCADE,
    use            text      NOT NULL,
    position       integer   NOT NULL,
    kind           text      NOT NULL,
    text           text      NOT NULL,
    choices        text[]    NOT NULL,
    correct        integer[] NOT NULL,
    explanation    text      NOT NULL,
    CONSTRAINT questions_have_their_place UNIQUE (courseware_id, use, position),
    CONSTRAINT questions_use_is_known CHECK (use IN ('popup', 'exercise')),
    CONSTRAINT questions_kind_is_known CHECK (kind IN ('single', 'multiple', 'true_false')),
    CONSTRAINT questions_have_choices CHECK (cardinality(choices) >= 2),
    CONSTRAINT questions_have_an_answer CHECK (cardinality(correct) >= 1)
);

CREATE TABLE packages (
    package_id    uuid        PRIMARY KEY,
    title         text        NOT NULL,
    summary       text        NOT NULL,
    audience      text[]      NOT NULL,
    hours         integer     NOT NULL,
    price_fen     bigint      NOT NULL,
    version       integer     NOT NULL DEFAULT 0,
    published_at  timestamptz NOT NULL,
    CONSTRAINT packages_title_is_filled CHECK (length(title) BETWEEN 1 AND 120),
    CONSTRAINT packages_audience_is_known
        CHECK (cardinality(audience) >= 1 AND audience <@ ARRAY['holder', 'newcomer', 'titled']),
    CONSTRAINT packages_hours_are_positive CHECK (hours > 0),
    CONSTRAINT packages_price_is_not_negative CHECK (price_fen >= 0)
);

CREATE TABLE package_courses (
    package_id  uuid    NOT NULL REFERENCES packages,
    course_id   uuid    NOT NULL REFERENCES courses,
    position    integer NOT NULL,
    PRIMARY KEY (package_id, course_id)
);

CREATE INDEX package_courses_by_course ON package_courses (course_id);

-- The text of document coursewares: plain text with light marks, never markup to be trusted.
CREATE TABLE documents (
    document_id  uuid PRIMARY KEY,
    title        text NOT NULL,
    body         text NOT NULL,
    CONSTRAINT documents_body_is_filled CHECK (length(body) BETWEEN 1 AND 200000)
);

-- A copy of what payments tells: a paid order opens courses. No reference to courses, because
-- order_paid may tell of a course that this database has not seen.
CREATE TABLE owned_courses (
    learner_id   uuid        NOT NULL,
    course_id    uuid        NOT NULL,
    order_id     uuid        NOT NULL,
    owned_since  timestamptz NOT NULL,
    PRIMARY KEY (learner_id, course_id)
);

CREATE TABLE notices (
    notice_id     uuid PRIMARY KEY,
    title         text NOT NULL,
    body          text NOT NULL,
    published_on  date NOT NULL,
    CONSTRAINT notices_title_is_filled CHECK (length(title) BETWEEN 1 AND 120)
);
