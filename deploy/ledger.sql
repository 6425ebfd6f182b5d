-- Who may do what with the ledger of payments ($-9). Run by the administrator at each start.
ALTER SCHEMA public OWNER TO {owner};  -- who owns the schema may drop what is in it
GRANT USAGE, CREATE ON SCHEMA public TO {role};
ALTER TABLE journals OWNER TO {owner};
ALTER TABLE postings OWNER TO {owner};
ALTER FUNCTION refuse_unbalanced_journal() OWNER TO {owner};
ALTER FUNCTION refuse_change_of_history() OWNER TO {owner};
REVOKE ALL ON journals, postings FROM {role};
GRANT SELECT, INSERT ON journals, postings TO {role};
