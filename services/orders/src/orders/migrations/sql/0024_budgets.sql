-- Budgets of units: what was granted for a year and a fund, what is committed to purchases and what was consumed by
-- accepted goods. An entry is all that moves a counter, so counters and entries always agree. Whoever books locks the
-- budget's row first; it comes before stock and after the purchase.

CREATE TABLE budgets (
    budget_id uuid CONSTRAINT pk_budgets PRIMARY KEY,
    unit_id uuid NOT NULL CONSTRAINT fk_budgets_unit_id_budget_units REFERENCES budget_units,
    year integer NOT NULL,
    fund text NOT NULL,
    granted_fen bigint NOT NULL DEFAULT 0,
    committed_fen bigint NOT NULL DEFAULT 0,
    consumed_fen bigint NOT NULL DEFAULT 0,
    entry_count integer NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    CONSTRAINT uq_budgets_unit_id_year_fund UNIQUE (unit_id, year, fund),
    CONSTRAINT ck_budgets_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_budgets_year_is_plausible CHECK (year BETWEEN 2019 AND 2100),
    CONSTRAINT ck_budgets_never_below_zero CHECK (granted_fen >= 0 AND committed_fen >= 0 AND consumed_fen >= 0),
    CONSTRAINT ck_budgets_within_what_was_granted CHECK (committed_fen + consumed_fen <= granted_fen)
) WITH (fillfactor = 80);

CREATE TABLE budget_commitments (
    reference_kind text NOT NULL,
    reference_id uuid NOT NULL,
    budget_id uuid NOT NULL CONSTRAINT fk_budget_commitments_budget_id_budgets REFERENCES budgets,
    committed_fen bigint NOT NULL DEFAULT 0,
    consumed_fen bigint NOT NULL DEFAULT 0,
    released_fen bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_budget_commitments PRIMARY KEY (reference_kind, reference_id, budget_id),
    CONSTRAINT ck_budget_commitments_never_below_zero
        CHECK (committed_fen >= 0 AND consumed_fen >= 0 AND released_fen >= 0),
    CONSTRAINT ck_budget_commitments_within_what_was_committed CHECK (consumed_fen + released_fen <= committed_fen)
) WITH (fillfactor = 80);
CREATE INDEX ix_budget_commitments_budget_id ON budget_commitments (budget_id);

CREATE TABLE budget_entries (
    position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_budget_entries PRIMARY KEY,
    entry_id uuid NOT NULL,
    budget_id uuid NOT NULL CONSTRAINT fk_budget_entries_budget_id_budgets REFERENCES budgets,
    kind text NOT NULL,
    amount_fen bigint NOT NULL,
    granted_after_fen bigint NOT NULL,
    committed_after_fen bigint NOT NULL,
    consumed_after_fen bigint NOT NULL,
    reference_kind text,
    reference_id uuid,
    reason text NOT NULL DEFAULT '',
    recorded_by uuid,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT uq_budget_entries_entry_id UNIQUE (entry_id),
    CONSTRAINT ck_budget_entries_kind_is_known CHECK (kind IN ('GRANT', 'ADJUST', 'COMMIT', 'CONSUME', 'RELEASE')),
    CONSTRAINT ck_budget_entries_amount_moves_something
        CHECK (amount_fen > 0 OR (kind = 'ADJUST' AND amount_fen <> 0)),
    CONSTRAINT ck_budget_entries_spending_names_what_for
        CHECK ((kind IN ('COMMIT', 'CONSUME', 'RELEASE')) = (reference_id IS NOT NULL)
               AND (reference_id IS NULL) = (reference_kind IS NULL)),
    CONSTRAINT ck_budget_entries_adjusting_has_a_reason CHECK (kind <> 'ADJUST' OR reason <> '')
);
CREATE INDEX ix_budget_entries_budget_id_position ON budget_entries (budget_id, position);
CREATE INDEX ix_budget_entries_reference_id ON budget_entries (reference_id);
CREATE TRIGGER budget_entries_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON budget_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION book_budget_entry() RETURNS trigger LANGUAGE plpgsql AS $$
-- Moves the counters that the entry says, and writes into it what they are afterwards. The CHECKs refuse what is not
-- there: more than was granted, and more than was committed for what the entry names.
DECLARE
    granted bigint := CASE WHEN NEW.kind IN ('GRANT', 'ADJUST') THEN NEW.amount_fen ELSE 0 END;
    committed bigint := CASE NEW.kind WHEN 'COMMIT' THEN NEW.amount_fen WHEN 'CONSUME' THEN -NEW.amount_fen
                                      WHEN 'RELEASE' THEN -NEW.amount_fen ELSE 0 END;
    consumed bigint := CASE NEW.kind WHEN 'CONSUME' THEN NEW.amount_fen ELSE 0 END;
BEGIN
    UPDATE budgets SET granted_fen = granted_fen + granted, committed_fen = committed_fen + committed,
                       consumed_fen = consumed_fen + consumed, entry_count = entry_count + 1
    WHERE budget_id = NEW.budget_id
    RETURNING granted_fen, committed_fen, consumed_fen
    INTO NEW.granted_after_fen, NEW.committed_after_fen, NEW.consumed_after_fen;
    IF NEW.kind = 'COMMIT' THEN
        INSERT INTO budget_commitments AS held (reference_kind, reference_id, budget_id, committed_fen)
        VALUES (NEW.reference_kind, NEW.reference_id, NEW.budget_id, NEW.amount_fen)
        ON CONFLICT (reference_kind, reference_id, budget_id)
            DO UPDATE SET committed_fen = held.committed_fen + excluded.committed_fen;
    ELSIF NEW.kind IN ('CONSUME', 'RELEASE') THEN
        UPDATE budget_commitments
        SET consumed_fen = consumed_fen + consumed,
            released_fen = released_fen + CASE NEW.kind WHEN 'RELEASE' THEN NEW.amount_fen ELSE 0 END
        WHERE reference_kind = NEW.reference_kind AND reference_id = NEW.reference_id AND budget_id = NEW.budget_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'nothing is committed for %', NEW.reference_id USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER budget_entries_move_counters BEFORE INSERT ON budget_entries
FOR EACH ROW EXECUTE FUNCTION book_budget_entry();

CREATE FUNCTION refuse_unbooked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'only an entry moves the counters of %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER budgets_are_booked BEFORE UPDATE ON budgets
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_unbooked();
CREATE TRIGGER budgets_start_empty BEFORE INSERT ON budgets
FOR EACH ROW WHEN (NEW.granted_fen <> 0 OR NEW.committed_fen <> 0 OR NEW.consumed_fen <> 0 OR NEW.entry_count <> 0)
EXECUTE FUNCTION refuse_unbooked();
CREATE TRIGGER budget_commitments_are_booked BEFORE INSERT OR UPDATE OR DELETE ON budget_commitments
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_unbooked();
