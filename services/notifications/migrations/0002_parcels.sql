-- What a mail needs and nobody may keep (a study card's code, an ID number, a voucher) lies sealed
-- outside of this database; only its id stands here. A case goes to the association's mailbox,
-- whose address is a setting (W-1, W-2).
ALTER TABLE mails
    ADD COLUMN audience  text NOT NULL DEFAULT 'learner',
    ADD COLUMN parcel_id uuid,
    ADD CONSTRAINT mails_audience_known CHECK (audience IN ('learner', 'mailbox')),
    ADD CONSTRAINT mails_address_is_a_learners CHECK (audience = 'learner' OR address IS NULL);

CREATE INDEX mails_awaiting_parcels ON mails (parcel_id)
    WHERE parcel_id IS NOT NULL AND state <> 'sent';
