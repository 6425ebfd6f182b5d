-- $1 learners, each in a session of one courseware of one course, begun at the epoch second $2.
-- Identities grow with time, as those of ids.new_id do, and end at random.
WITH course AS (
    INSERT INTO courses (course_id, version, title, kind, hours)
         VALUES (gen_random_uuid(), 1, 'bench', 'required', 1)
      RETURNING course_id
), courseware AS (
    INSERT INTO coursewares (courseware_id, course_id, position, title, kind, required_seconds,
                             media_path, popup_questions, exercise)
         SELECT gen_random_uuid(), course_id, 0, 'bench', 'video', 2700, '', '[]', '[]'
           FROM course
      RETURNING courseware_id, course_id
), people AS MATERIALIZED (
    SELECT gen_random_uuid() AS learner_id, gen_random_uuid() AS enrolment_id,
           (lpad(to_hex((1000 * $2::float8)::bigint), 12, '0')
            || substr(gen_random_uuid()::text, 14))::uuid AS session_id
      FROM generate_series(1, $1::integer)
), learning AS (
    INSERT INTO learners (learner_id, version, real_name, kind, registered_at)
         SELECT learner_id, 1, '钟检', 'newcomer', to_timestamp($2) FROM people
), enrolled AS (
    INSERT INTO enrolments (enrolment_id, learner_id, course_id, order_id, enrolled_at)
         SELECT enrolment_id, learner_id, course_id, gen_random_uuid(), to_timestamp($2)
           FROM people, course
), begun AS (
    INSERT INTO courseware_progress (enrolment_id, courseware_id, learner_id)
         SELECT enrolment_id, courseware_id, learner_id
           FROM people, courseware
), opened AS (
    INSERT INTO sessions (session_id, learner_id, enrolment_id, courseware_id, document,
                          started_at, start_ms, heard_at, open_since, accounted_at, position_ms,
                          turn)
         SELECT session_id, learner_id, enrolment_id, courseware_id, false, to_timestamp($2), 0,
                to_timestamp($2), to_timestamp($2), to_timestamp($2), 0, nextval('turns')
           FROM people, courseware
)
SELECT learner_id, session_id
  FROM people
