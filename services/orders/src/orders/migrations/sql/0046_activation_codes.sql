-- One-time codes by which an entered unit is taken over (激活码). Only hashes are kept: fifteen random characters of an
-- alphabet of 23 are 67 bits, which nobody tries out, with or without the table. A unit that is bound has no code.

CREATE TABLE unit_activations (
    unit_id uuid CONSTRAINT pk_unit_activations PRIMARY KEY
        CONSTRAINT fk_unit_activations_unit_id_budget_units REFERENCES budget_units,
    code_hash bytea NOT NULL,
    issued_by uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT ck_unit_activations_expires_later CHECK (expires_at > issued_at),
    CONSTRAINT ck_unit_activations_hash_is_sha256 CHECK (length(code_hash) = 32)
);

CREATE TABLE unit_activation_attempts (
    organisation_id uuid CONSTRAINT pk_unit_activation_attempts PRIMARY KEY,
    wrong_count integer NOT NULL,
    window_ends_at timestamptz NOT NULL,
    CONSTRAINT ck_unit_activation_attempts_was_wrong CHECK (wrong_count > 0)
);

CREATE FUNCTION spend_activation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM unit_activations WHERE unit_id = NEW.unit_id;
    RETURN NULL;
END $$;
CREATE TRIGGER budget_units_spend_activation AFTER UPDATE OF organisation_id, status ON budget_units FOR EACH ROW
WHEN (NEW.organisation_id IS NOT NULL OR NEW.status <> 'ACTIVE') EXECUTE FUNCTION spend_activation();

CREATE FUNCTION refuse_activation_of_bound() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM budget_units
    WHERE unit_id = NEW.unit_id AND organisation_id IS NULL AND status = 'ACTIVE' FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only a unit without an account has an activation code' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unit_activations_are_of_unbound BEFORE INSERT OR UPDATE ON unit_activations FOR EACH ROW
EXECUTE FUNCTION refuse_activation_of_bound();
