-- What can be bought, as catalogue told it; a row may know only that a course is not sold.
CREATE TABLE courses (
    course_id  uuid    PRIMARY KEY,
    version    integer NOT NULL,
    title      text,
    hours      integer,
    price_fen  bigint,
    sold       boolean NOT NULL,
    CONSTRAINT sold_course_is_described
         CHECK (NOT sold OR (title IS NOT NULL AND hours > 0 AND price_fen >= 0))
);

CREATE TABLE packages (
    package_id  uuid    PRIMARY KEY,
    version     integer NOT NULL,
    title       text    NOT NULL,
    audience    text[]  NOT NULL,  -- learner kinds (C-3)
    hours       integer NOT NULL,
    price_fen   bigint  NOT NULL,
    course_ids  uuid[]  NOT NULL,
    CONSTRAINT package_holds_courses CHECK (cardinality(course_ids) > 0),
    CONSTRAINT package_is_priced CHECK (hours > 0 AND price_fen >= 0)
);

CREATE VIEW goods AS
    SELECT 'course' AS kind, course_id AS item_id, title, hours, price_fen,
           ARRAY[course_id] AS course_ids, NULL::text[] AS audience, sold
      FROM courses
     WHERE title IS NOT NULL
    UNION ALL
    SELECT 'package', package_id, title, hours, price_fen, course_ids, audience, true
      FROM packages;

-- Everybody who may pay. The row is locked by whatever changes what they own or owe.
CREATE TABLE buyers (
    learner_id  uuid PRIMARY KEY
);

CREATE TABLE cart_items (
    learner_id  uuid        NOT NULL REFERENCES buyers,
    kind        text        NOT NULL,
    item_id     uuid        NOT NULL,
    added_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (learner_id, kind, item_id),
    CONSTRAINT cart_item_kind_known CHECK (kind IN ('course', 'package'))
);
