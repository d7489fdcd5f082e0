-- Rules and decisions stay as they were; what changes is noted as due to be decided.

CREATE FUNCTION keep_published_rule() RETURNS trigger LANGUAGE plpgsql AS $$
-- A published version may only get an end: it was the basis of answers.
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a rule version is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status = 'PUBLISHED'
        AND (NEW.rule_set, NEW.number, NEW.status, NEW.from_on, NEW.cases, NEW.source, NEW.confidence, NEW.published_at)
            IS DISTINCT FROM
            (OLD.rule_set, OLD.number, OLD.status, OLD.from_on, OLD.cases, OLD.source, OLD.confidence, OLD.published_at)
    THEN
        RAISE EXCEPTION 'rule version % is published: only its end may be set', OLD.version_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER published_rules_stay BEFORE UPDATE OR DELETE ON eligibility_rule_versions
FOR EACH ROW EXECUTE FUNCTION keep_published_rule();

CREATE FUNCTION keep_decision() RETURNS trigger LANGUAGE plpgsql AS $$
-- Of a decision only the end may be set, once, or that it was superseded, once.
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a decision is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.decision_id, NEW.product_id, NEW.rule_set, NEW.version_id, NEW.is_eligible, NEW.case_codes, NEW.reason,
        NEW.facts, NEW.valid_from_on, NEW.decided_at)
        IS DISTINCT FROM
        (OLD.decision_id, OLD.product_id, OLD.rule_set, OLD.version_id, OLD.is_eligible, OLD.case_codes, OLD.reason,
         OLD.facts, OLD.valid_from_on, OLD.decided_at)
        OR OLD.valid_until_on IS NOT NULL OR OLD.superseded_at IS NOT NULL
    THEN
        RAISE EXCEPTION 'decision % stays as it was made', OLD.decision_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER decisions_stay BEFORE UPDATE OR DELETE ON eligibility_decisions
FOR EACH ROW EXECUTE FUNCTION keep_decision();

CREATE FUNCTION note_new_products() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO eligibility_due (product_id) SELECT product_id FROM added ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER new_products_are_due AFTER INSERT ON products REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION note_new_products();

CREATE FUNCTION note_moved_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO eligibility_due (product_id) VALUES (NEW.product_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER moved_products_are_due AFTER UPDATE OF origin_county_code, supplier_id ON products
FOR EACH ROW WHEN ((OLD.origin_county_code, OLD.supplier_id) IS DISTINCT FROM (NEW.origin_county_code, NEW.supplier_id))
EXECUTE FUNCTION note_moved_product();

CREATE FUNCTION note_changed_supplier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO eligibility_due (product_id) SELECT product_id FROM products WHERE supplier_id = NEW.supplier_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER products_of_changed_suppliers_are_due AFTER UPDATE OF county_code, kind, linked_households ON suppliers
FOR EACH ROW WHEN ((OLD.county_code, OLD.kind, OLD.linked_households)
                   IS DISTINCT FROM (NEW.county_code, NEW.kind, NEW.linked_households))
EXECUTE FUNCTION note_changed_supplier();
