-- Bids with their Idempotency-Keys, several in one transaction.

CREATE FUNCTION answer_auction_bid(
    this_auction uuid, bidder uuid, person uuid, this_bid uuid, amount bigint,
    once_caller text, once_key text, once_hash bytea
) RETURNS TABLE (outcome text, bid_position integer, placed_at timestamptz, ends_at timestamptz, most_fen bigint,
                 is_extended boolean, is_first_in_line boolean, request_hash bytea, status smallint, body bytea)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
-- Places the bid unless its key was used, or is being used: then only the last four columns say something, as
-- `shared.idempotency` takes them. The answer to a bid that counts is kept under the key, and is `body`. A refusal keeps
-- nothing. Locks: the auction's row (several bids of one transaction: by auction), and the key for whoever gets it first.
BEGIN
    is_first_in_line := pg_try_advisory_xact_lock(hashtextextended(once_caller || ' ' || once_key, 2026));
    SELECT found.request_hash, found.status, found.body INTO request_hash, status, body
    FROM idempotency_keys AS found
    WHERE found.caller = once_caller AND found.key = once_key AND found.created_at > now() - interval '24 hours';
    IF FOUND OR NOT is_first_in_line THEN
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT bid.* INTO outcome, bid_position, placed_at, ends_at, most_fen, is_extended
    FROM place_auction_bid(this_auction, bidder, person, this_bid, amount) AS bid;
    IF outcome = 'placed' THEN
        body := convert_to(json_build_object(
            'bid_position', bid_position, 'amount_fen', amount, 'placed_at', placed_at, 'ends_at', ends_at,
            'is_extended', is_extended
        )::text, 'UTF8');
        INSERT INTO idempotency_keys AS kept (caller, key, request_hash, status, body)
        VALUES (once_caller, once_key, once_hash, 201, answer_auction_bid.body)
        ON CONFLICT (caller, key) DO UPDATE
            SET request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, created_at = now()
            WHERE kept.created_at <= now() - interval '24 hours';
        IF NOT FOUND THEN  -- another kind of request that takes no place in this line was quicker
            RAISE EXCEPTION 'the key was used meanwhile' USING ERRCODE = 'unique_violation';
        END IF;
    END IF;
    RETURN NEXT;
END $$;
