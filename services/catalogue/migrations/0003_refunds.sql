-- A refund takes the mark "owned" away again ($-8). Each order has its own row, because the order and its
-- refund may be heard in either sequence, and a course may be bought again before its first refund is heard.
ALTER TABLE owned_courses RENAME TO opened_courses;
ALTER TABLE opened_courses RENAME COLUMN owned_since TO opened_at;
ALTER TABLE opened_courses RENAME CONSTRAINT owned_courses_pkey TO opened_courses_pkey;
ALTER TABLE opened_courses
 DROP CONSTRAINT opened_courses_pkey,
  ADD PRIMARY KEY (learner_id, course_id, order_id),
ALTER COLUMN opened_at DROP NOT NULL,  -- the refund was heard first
  ADD COLUMN refunded_at timestamptz,
  ADD CONSTRAINT opened_or_refunded CHECK (opened_at IS NOT NULL OR refunded_at IS NOT NULL);

CREATE VIEW owned_courses AS
    SELECT learner_id, course_id, min(opened_at) AS owned_since
      FROM opened_courses
     WHERE refunded_at IS NULL
     GROUP BY learner_id, course_id;
