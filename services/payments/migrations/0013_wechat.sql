-- Paying inside WeChat (JSAPI): who pays there, and what the bridge is opened with. WeChat names its
-- users to each app by an openid of its own; it is kept here, with the attempt alone.
ALTER TABLE attempts
    ADD COLUMN openid     text,
    ADD COLUMN prepay_id  text,
    DROP CONSTRAINT attempt_waiting_has_code,
    ADD CONSTRAINT attempt_waiting_can_be_paid
         CHECK (status <> 'waiting' OR coalesce(code_url, prepay_id) IS NOT NULL),
    ADD CONSTRAINT attempt_inside_wechat_names_payer
         CHECK ((method = 'wechat_jsapi') = (openid IS NOT NULL)),
    ADD CONSTRAINT attempt_has_what_its_method_needs CHECK (
         (code_url IS NULL OR method = 'wechat_native')
         AND (prepay_id IS NULL OR method = 'wechat_jsapi'));
