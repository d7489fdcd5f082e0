-- Several decided orders in one transaction.

CREATE FUNCTION place_orders(
    drafts jsonb[], line_counts integer[], skus uuid[], revisions bigint[], quantities integer[],
    once_callers text[], once_keys text[], once_hashes bytea[], once_statuses smallint[], once_answers bytea[]
) RETURNS jsonb[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
-- Places each order as if it came alone, in their order, and returns what `place_order` returned for each: a refused one
-- wrote nothing, so it leaves the others as they are. SKUs, revisions and quantities are all orders' in one row, so many
-- for each as `line_counts` says. What more than one order may want is locked before anything is written, and in the
-- order in which everybody locks it (budgets, points, stock, each by id): later orders would otherwise lock against it.
DECLARE
    answers jsonb[] := '{}';
    first integer := 1;
    last integer;
BEGIN
    IF EXISTS (SELECT FROM unnest(drafts) AS draft WHERE draft ? 'promotion_uses') THEN
        PERFORM 1 FROM promotion_balances WHERE promotion_id IN (
            SELECT (wanted ->> 'promotion_id')::uuid
            FROM unnest(drafts) AS draft, jsonb_array_elements(draft -> 'promotion_uses') AS wanted
        ) ORDER BY promotion_id FOR NO KEY UPDATE;
    END IF;
    IF EXISTS (SELECT FROM unnest(drafts) AS draft WHERE draft ? 'points') THEN
        PERFORM 1 FROM point_accounts WHERE person_id IN (
            SELECT (draft ->> 'buyer_id')::uuid FROM unnest(drafts) AS draft WHERE draft ? 'points'
        ) ORDER BY person_id FOR NO KEY UPDATE;
    END IF;
    PERFORM 1 FROM stock_terms
    WHERE purpose = 'cart' AND status = 'OPEN'
      AND owner_id IN (SELECT (draft ->> 'buyer_id')::uuid FROM unnest(drafts) AS draft)
    ORDER BY holder_id FOR NO KEY UPDATE;
    PERFORM 1 FROM stock_levels
    WHERE sku_id = ANY (skus || ARRAY(
        SELECT hold.sku_id FROM stock_terms AS term JOIN stock_holds AS hold USING (holder_id)
        WHERE term.purpose = 'cart' AND term.status = 'OPEN'
          AND term.owner_id IN (SELECT (draft ->> 'buyer_id')::uuid FROM unnest(drafts) AS draft)
    ))
    ORDER BY sku_id FOR NO KEY UPDATE;

    FOR number IN 1 .. cardinality(drafts) LOOP
        last := first + line_counts[number] - 1;
        answers := array_append(answers, place_order(
            drafts[number], skus[first:last], revisions[first:last], quantities[first:last], once_callers[number],
            once_keys[number], once_hashes[number], once_statuses[number], once_answers[number]
        ));
        first := last + 1;
    END LOOP;
    RETURN answers;
END $$;
