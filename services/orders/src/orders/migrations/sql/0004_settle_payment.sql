-- Settling a payment in one statement, decided before without a lock: each function compares what the decision rests on.

CREATE FUNCTION read_order(wanted uuid) RETURNS json LANGUAGE plpgsql STABLE AS $$
-- An order with its parts and lines as it is now, or NULL if there is none. As json, which is written once and never
-- parsed here: as jsonb it cost three times as much.
BEGIN
    RETURN (
        SELECT row_to_json(whole_order) FROM (
            SELECT placed.*, (
                SELECT json_agg(whole_part ORDER BY whole_part.part_number) FROM (
                    SELECT part.*, (
                        SELECT json_agg(line ORDER BY line.line_number)
                        FROM order_lines AS line WHERE line.supplier_order_id = part.supplier_order_id
                    ) AS lines
                    FROM supplier_orders AS part WHERE part.order_id = placed.order_id
                ) AS whole_part
            ) AS parts
            FROM orders AS placed WHERE placed.order_id = wanted
        ) AS whole_order
    );
END $$;

DROP FUNCTION lock_order(uuid);

CREATE FUNCTION lock_order(wanted uuid) RETURNS json LANGUAGE plpgsql AS $$
-- Locks the order and returns its state as of now: the second statement sees what was committed while the first waited.
-- NULL if there is no such order. Whoever changes an order, its parts or its holds takes this lock first.
BEGIN
    PERFORM 1 FROM orders WHERE order_id = wanted FOR NO KEY UPDATE;
    RETURN read_order(wanted);
END $$;

CREATE FUNCTION pay_order(paid uuid, by_payment uuid, sum_fen bigint, at timestamptz, event jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Makes an order paid, with its parts, its holds, its history and the event. False, and nothing is written, unless it
-- still waits for this very sum: all else that the event tells of an order never changes.
BEGIN
    UPDATE orders SET status = 'PAID', paid_at = at, payment_id = by_payment
    WHERE order_id = paid AND status = 'PENDING_PAYMENT' AND payable_fen = sum_fen;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE supplier_orders SET fulfilment = 'PENDING_SHIPMENT' WHERE order_id = paid;
    -- What was held until the payment is held without an end now.
    UPDATE stock_holds SET expires_at = NULL WHERE holder_id = paid AND open_count > 0;
    INSERT INTO order_changes (order_id, change, changed_at) VALUES (paid, 'PAID', at);
    INSERT INTO outbox (id, type, subject, time, correlationid, causationid, traceparent, data)
    SELECT id, type, subject, time, correlationid, causationid, traceparent, data
    FROM jsonb_to_record(event) AS field (
        id uuid, type text, subject text, time timestamptz,
        correlationid text, causationid text, traceparent text, data jsonb
    );
    RETURN true;
END $$;

CREATE FUNCTION keep_notice(
    from_provider text, its_id text, its_kind text, about uuid, what_became text, its_headers jsonb, its_body bytea,
    at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
-- Keeps a provider's notice as it came; one that comes again is only counted.
BEGIN
    INSERT INTO payment_notices
        (provider, notice_id, kind, subject_id, outcome, headers, body, received_at, last_received_at)
    VALUES (from_provider, its_id, its_kind, about, what_became, its_headers, its_body, at, at)
    ON CONFLICT (provider, notice_id) DO UPDATE
        SET received_count = payment_notices.received_count + 1, last_received_at = excluded.last_received_at;
END $$;

CREATE FUNCTION settle_payment(
    settled uuid, seen_status text, sum_fen bigint, by_transaction text, its_effect text, at timestamptz,
    pays uuid, event jsonb,
    from_provider text, notice text, its_kind text, its_headers jsonb, its_body bytea, told_at timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
-- Captures a payment; pays the order `pays` with it unless that is NULL (the order took it before, or cannot take it);
-- keeps the notice unless that is NULL (the provider was asked). False, and nothing is written, if the payment or the
-- order is not any more as it was seen. Lock order: payment, then order, then its holds.
BEGIN
    PERFORM 1 FROM payments
    WHERE payment_id = settled AND provider = from_provider AND status = seen_status AND amount_fen = sum_fen
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF pays IS NOT NULL THEN
        IF NOT pay_order(pays, settled, sum_fen, at, event) THEN
            RETURN false;
        END IF;
    END IF;
    UPDATE payments SET status = 'PAID', captured_fen = amount_fen, transaction_id = by_transaction, effect = its_effect,
        paid_at = at, closed_at = NULL
    WHERE payment_id = settled;
    IF notice IS NOT NULL THEN
        PERFORM keep_notice(from_provider, notice, its_kind, settled, 'capture', its_headers, its_body, told_at);
    END IF;
    RETURN true;
END $$;
