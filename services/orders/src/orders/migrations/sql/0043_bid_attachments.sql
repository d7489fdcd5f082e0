-- Beside a bid: attachments under its seal. Lock order: the quotation's row, its bids, their files.

ALTER TABLE quotation_bids ADD COLUMN warranty_days integer;
ALTER TABLE quotation_bids ADD CONSTRAINT ck_quotation_bids_warranty_is_told_by_the_opening CHECK (
    warranty_days IS NULL OR (warranty_days BETWEEN 0 AND 3650 AND status NOT IN ('SEALED', 'WITHDRAWN'))
);

CREATE OR REPLACE FUNCTION check_quotation_bid() RETURNS trigger LANGUAGE plpgsql AS $$
-- Invited suppliers bid while it is open and before the deadline; the seal is broken by the opening alone.
BEGIN
    IF NEW.status IN ('SEALED', 'WITHDRAWN') THEN
        PERFORM 1 FROM quotations JOIN quotation_invitations USING (quotation_id)
        WHERE quotation_id = NEW.quotation_id AND supplier_id = NEW.supplier_id
          AND status = 'OPEN' AND NEW.submitted_at < closes_at;
    ELSE
        PERFORM 1 FROM quotations
        WHERE quotation_id = NEW.quotation_id AND status IN ('OPENED', 'AWARDED') AND opened_at >= closes_at;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the seal of a quotation' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.status NOT IN ('SEALED', 'WITHDRAWN')
       AND (OLD.sealed, OLD.total_fen, OLD.promised_on, OLD.note, OLD.warranty_days)
           IS DISTINCT FROM (NEW.sealed, NEW.total_fen, NEW.promised_on, NEW.note, NEW.warranty_days) THEN
        RAISE EXCEPTION 'an opened bid stays as it was' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TABLE quotation_bid_files (
    file_id uuid CONSTRAINT pk_quotation_bid_files PRIMARY KEY,
    bid_id uuid NOT NULL CONSTRAINT fk_quotation_bid_files_bid_id_quotation_bids REFERENCES quotation_bids,
    sealed bytea,
    filed_at timestamptz NOT NULL,
    filed_by uuid NOT NULL,
    removed_at timestamptz,
    kind text,
    name text,
    media_type text,
    size_bytes integer,
    CONSTRAINT ck_quotation_bid_files_removed_leaves_nothing CHECK ((removed_at IS NULL) = (sealed IS NOT NULL)),
    CONSTRAINT ck_quotation_bid_files_opened_as_a_whole CHECK (
        num_nulls(kind, name, media_type, size_bytes) IN (0, 4) AND (removed_at IS NULL OR kind IS NULL)
    ),
    CONSTRAINT ck_quotation_bid_files_kind_is_known
        CHECK (kind IN ('SAMPLE_REPORT', 'CERTIFICATE', 'LETTER', 'OTHER')),
    CONSTRAINT ck_quotation_bid_files_type_is_known
        CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png') AND size_bytes > 0)
);
CREATE INDEX ix_quotation_bid_files_bid_id ON quotation_bid_files (bid_id);

CREATE FUNCTION check_bid_file() RETURNS trigger LANGUAGE plpgsql AS $$
-- Filed and removed while the bid is under the seal and before the deadline; told by the opening, once, and never changed.
BEGIN
    IF TG_OP = 'INSERT' OR NEW.removed_at IS NOT NULL THEN
        PERFORM 1 FROM quotation_bids AS bid JOIN quotations AS asked USING (quotation_id)
        WHERE bid.bid_id = NEW.bid_id AND bid.status IN ('SEALED', 'WITHDRAWN') AND asked.status = 'OPEN'
          AND (TG_OP = 'UPDATE' OR bid.status = 'SEALED')
          AND greatest(NEW.filed_at, NEW.removed_at) < asked.closes_at;
    ELSE
        PERFORM 1 FROM quotation_bids WHERE bid_id = NEW.bid_id AND status = 'OPENED';
    END IF;
    IF NOT FOUND OR (TG_OP = 'INSERT' AND (NEW.kind IS NOT NULL OR NEW.removed_at IS NOT NULL)) THEN
        RAISE EXCEPTION 'the seal of a bid' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (
        OLD.removed_at IS NOT NULL OR OLD.kind IS NOT NULL
        OR (OLD.file_id, OLD.bid_id, OLD.filed_at, OLD.filed_by)
            IS DISTINCT FROM (NEW.file_id, NEW.bid_id, NEW.filed_at, NEW.filed_by)
        OR (NEW.sealed IS NOT NULL AND OLD.sealed <> NEW.sealed)
    ) THEN
        RAISE EXCEPTION 'what was filed stays as it was' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER quotation_bid_files_are_sealed BEFORE INSERT OR UPDATE ON quotation_bid_files
FOR EACH ROW EXECUTE FUNCTION check_bid_file();
