-- $-9: every movement of money is a balanced journal; journals and postings are never changed.
CREATE TABLE journals (
    journal_id  uuid        PRIMARY KEY,
    kind        text        NOT NULL,
    reference   text        NOT NULL,
    booked_at   timestamptz NOT NULL,
    CONSTRAINT journal_booked_once UNIQUE (kind, reference)
);

CREATE TABLE postings (
    journal_id  uuid     NOT NULL REFERENCES journals,
    line        smallint NOT NULL,
    account     text     NOT NULL,
    amount_fen  bigint   NOT NULL,  -- debit positive, credit negative
    PRIMARY KEY (journal_id, line),
    CONSTRAINT posting_moves_money CHECK (amount_fen <> 0),
    CONSTRAINT posting_account_named CHECK (
        account ~ '^(asset|liability|revenue|expense|equity):[a-z_]+(:[0-9a-f-]{36})?$')
);

CREATE INDEX postings_by_account ON postings (account);

CREATE VIEW account_balances AS
    SELECT account, sum(amount_fen)::bigint AS balance_fen
      FROM postings
     GROUP BY account;

CREATE FUNCTION refuse_unbalanced_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(amount_fen), 0) <> 0 OR count(*) < 2
          FROM postings WHERE journal_id = NEW.journal_id)
    THEN
        RAISE EXCEPTION 'the journal does not balance'
              USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_balances';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER journal_balances AFTER INSERT ON journals
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_journal();
CREATE CONSTRAINT TRIGGER journal_still_balances AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_journal();

CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only'
          USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_append_only';
END $$;

CREATE TRIGGER journals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
