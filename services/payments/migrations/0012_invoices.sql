-- Invoices 「开具发票」 ($-7): what was asked for, and what became of it. Title, tax number and
-- amount are as they were when asked for.
CREATE TABLE invoices (
    invoice_id          uuid         PRIMARY KEY,
    case_number         text         NOT NULL,
    learner_id          uuid         NOT NULL REFERENCES buyers,
    basis               text         NOT NULL,  -- which money it is for
    form                text         NOT NULL,
    status              text         NOT NULL,
    amount_fen          bigint       NOT NULL,
    title_kind          text         NOT NULL,
    title               text         NOT NULL,
    tax_number          text,
    company_address     text         NOT NULL DEFAULT '',  -- printed on it, where an organization
    company_phone       text         NOT NULL DEFAULT '',  -- wishes so
    bank_name           text         NOT NULL DEFAULT '',
    bank_account        text         NOT NULL DEFAULT '',
    email               text         NOT NULL,
    delivery_parcel_id  uuid,                   -- whom paper goes to: sealed, see chassis/parcels.py
    recipient_masked    text         NOT NULL DEFAULT '',
    mobile_masked       text         NOT NULL DEFAULT '',
    requested_at        timestamptz  NOT NULL,
    number              text,
    issued_on           date,
    document_name       text,                   -- in our files; random
    document_sha256     text,
    red_number          text,                   -- the red invoice that took it back 「红冲」
    reversed_on         date,
    reason              text         NOT NULL DEFAULT '',  -- why it was declined or reversed
    decided_at          timestamptz,
    decided_by          uuid,
    decided_by_name     text         NOT NULL DEFAULT '',
    delivered_at        timestamptz,            -- when its learner was told that it is there
    CONSTRAINT invoice_case_number_unique UNIQUE (case_number),
    CONSTRAINT invoice_number_unique UNIQUE (number),
    CONSTRAINT invoice_red_number_unique UNIQUE (red_number),
    CONSTRAINT invoice_number_form CHECK (number ~ '^[0-9]{20}$'),
    CONSTRAINT invoice_red_number_form CHECK (red_number ~ '^[0-9]{20}$' AND red_number <> number),
    CONSTRAINT invoice_basis_known CHECK (basis IN ('spending', 'direct', 'sale')),
    CONSTRAINT invoice_form_known CHECK (form IN ('electronic', 'paper')),
    CONSTRAINT invoice_status_known
         CHECK (status IN ('requested', 'issued', 'declined', 'cancelled', 'reversed')),
    CONSTRAINT invoice_amount_positive CHECK (amount_fen > 0),
    CONSTRAINT invoice_organization_has_tax_number
         CHECK ((title_kind = 'organization') = (tax_number IS NOT NULL)
                AND title_kind IN ('individual', 'organization')),
    CONSTRAINT invoice_paper_has_delivery
         CHECK ((form = 'paper') = (delivery_parcel_id IS NOT NULL)),
    CONSTRAINT invoice_issued_has_number
         CHECK ((status IN ('issued', 'reversed')) = (number IS NOT NULL AND issued_on IS NOT NULL)),
    CONSTRAINT invoice_reversed_has_red_number
         CHECK ((status = 'reversed') = (red_number IS NOT NULL AND reversed_on IS NOT NULL)),
    CONSTRAINT invoice_document_has_checksum
         CHECK ((document_name IS NULL) = (document_sha256 IS NULL)),
    CONSTRAINT invoice_decided_by_somebody
         CHECK ((status IN ('issued', 'declined', 'reversed')) <= (decided_by IS NOT NULL)),
    CONSTRAINT invoice_declined_says_why CHECK (status <> 'declined' OR reason <> '')
);

CREATE UNIQUE INDEX one_open_invoice_per_learner ON invoices (learner_id)
    WHERE status = 'requested';
CREATE INDEX invoices_of_learner ON invoices (learner_id, invoice_id);
CREATE INDEX invoices_to_decide ON invoices (invoice_id) WHERE status = 'requested';

-- Tax numbers of 15 or 20 characters from before 2015 that staff have looked at and let through.
CREATE TABLE old_tax_numbers (
    tax_number       text         PRIMARY KEY,
    allowed_by       uuid         NOT NULL,
    allowed_by_name  text         NOT NULL,
    allowed_at       timestamptz  NOT NULL,
    CONSTRAINT old_tax_number_form CHECK (tax_number ~ '^([0-9A-Z]{15}|[0-9A-Z]{20})$')
);

-- Paper on its way by SF Express, freight collect 「顺丰到付」: committed before SF hears of it.
CREATE TABLE shipments (
    invoice_id    uuid         PRIMARY KEY REFERENCES invoices,
    sf_order_id   text         NOT NULL,  -- the key by which SF makes one waybill, however often asked
    status        text         NOT NULL,
    waybill       text,
    refusal       text         NOT NULL DEFAULT '',  -- SF's code, where it refused
    tries         integer      NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    asked_by      uuid         NOT NULL,
    asked_at      timestamptz  NOT NULL,
    CONSTRAINT shipment_sf_order_unique UNIQUE (sf_order_id),
    CONSTRAINT shipment_waybill_unique UNIQUE (waybill),
    CONSTRAINT shipment_status_known CHECK (status IN ('asking', 'sent', 'refused')),
    CONSTRAINT shipment_sent_has_waybill CHECK ((status = 'sent') = (waybill IS NOT NULL)),
    CONSTRAINT shipment_asking_is_looked_after
         CHECK ((status = 'asking') = (next_try_at IS NOT NULL))
);

CREATE INDEX shipments_to_ask ON shipments (next_try_at) WHERE next_try_at IS NOT NULL;
