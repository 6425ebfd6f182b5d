-- So many unpaid orders ($2) of one course each, every one of a learner of its own, with a code that
-- can be paid, and a balance ($4). $1: a letter that keeps the numbers of two calls apart.
WITH made AS (
    SELECT n, gen_random_uuid() AS order_id, gen_random_uuid() AS learner_id,
           gen_random_uuid() AS course_id, 'H260101' || $1::text || lpad(n::text, 11, '0') AS number
      FROM generate_series(0, $2::integer - 1) AS n),
known AS (
    INSERT INTO buyers (learner_id)
         SELECT learner_id FROM made),
rich AS (
    INSERT INTO wallets (learner_id, balance_fen)
         SELECT learner_id, $4::bigint FROM made),
placed AS (
    INSERT INTO orders (order_id, number, learner_id, learner_name, status, content, amount_fen,
                        created_at, expires_at)
         SELECT order_id, number, learner_id, '钟检', 'unpaid', number, $3::bigint,
                now(), now() + interval '1 hour'
           FROM made),
lines AS (
    INSERT INTO order_lines (order_id, position, kind, item_id, title, hours, amount_fen,
                             course_ids)
         SELECT order_id, 1, 'course', course_id, 'ISO/IEC 17025', 1, $3::bigint, ARRAY[course_id]
           FROM made),
tried AS (
    INSERT INTO attempts (attempt_id, order_id, ordinal, out_trade_no, method, amount_fen, status,
                          created_at, expires_at, code_url, next_look_at)
         SELECT gen_random_uuid(), order_id, 1, number || '-1', 'wechat_native', $3::bigint,
                'waiting', now(), now() + interval '1 hour', 'weixin://wxpay/bizpayurl?pr=x', now()
           FROM made)
  SELECT learner_id, order_id
    FROM made
ORDER BY n
