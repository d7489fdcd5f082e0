-- What was shared and paid is written once and sums exactly, whoever writes it.

CREATE TRIGGER profit_shares_are_written_once BEFORE UPDATE OR DELETE ON profit_shares
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER profit_portions_are_written_once BEFORE UPDATE OR DELETE ON profit_portions
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER profit_payouts_are_written_once BEFORE UPDATE OR DELETE ON profit_payouts
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER profit_payout_lines_are_written_once BEFORE UPDATE OR DELETE ON profit_payout_lines
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION ensure_portions_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT share_fen FROM profit_shares WHERE share_id = NEW.share_id)
        <> (SELECT coalesce(sum(portion_fen), 0) FROM profit_portions WHERE share_id = NEW.share_id) THEN
        RAISE EXCEPTION 'the portions of share % do not sum to it', NEW.share_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER portions_sum_to_the_share AFTER INSERT ON profit_shares
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ensure_portions_sum();

CREATE CONSTRAINT TRIGGER the_share_is_the_sum_of_portions AFTER INSERT ON profit_portions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ensure_portions_sum();

CREATE FUNCTION ensure_payout_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT amount_fen FROM profit_payouts WHERE payout_id = NEW.payout_id)
        <> (SELECT coalesce(sum(share_fen), 0) FROM profit_payout_lines JOIN profit_shares USING (share_id)
            WHERE payout_id = NEW.payout_id) THEN
        RAISE EXCEPTION 'payout % is not the sum of its shares', NEW.payout_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER a_payout_is_the_sum_of_its_shares AFTER INSERT ON profit_payouts
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ensure_payout_sum();

CREATE CONSTRAINT TRIGGER its_shares_sum_to_the_payout AFTER INSERT ON profit_payout_lines
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ensure_payout_sum();
