"""The rotation of signing keys."""

from datetime import UTC, datetime, timedelta

from gateway.token import rules

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MONTH = timedelta(days=30)


def key(name: str, signs_from: datetime, *, is_ours: bool = True) -> rules.KeyDates:
    return rules.KeyDates(name, signs_from, {"kid": name}, is_ours)


OLD, NEW = key("old", NOW - MONTH), key("new", NOW + rules.LEAD)


def names(keys: list[rules.KeyDates]) -> list[str]:
    return [each.key_id for each in keys]


def test_the_first_key_signs_at_once():
    assert rules.next_signs_from([], every=MONTH, now=NOW) == NOW
    assert rules.signer([], now=NOW) is None


def test_a_new_key_is_shown_before_it_signs():
    assert rules.next_signs_from([OLD], every=MONTH, now=NOW) == NOW + rules.LEAD
    assert rules.signer([OLD, NEW], now=NOW) == OLD
    assert names(rules.published([NEW, OLD], now=NOW)) == ["old", "new"]


def test_an_old_key_is_shown_while_its_tokens_live():
    change = NOW + rules.LEAD
    assert rules.signer([OLD, NEW], now=change) == NEW
    almost = change + rules.OVERLAP - timedelta(seconds=1)
    assert names(rules.published([OLD, NEW], now=almost)) == ["old", "new"]
    assert names(rules.published([OLD, NEW], now=change + rules.OVERLAP)) == ["new"]


def test_no_key_is_made_before_it_is_due():
    assert rules.next_signs_from([OLD, NEW], every=MONTH, now=NOW) is None
    assert rules.next_signs_from([key("a", NOW)], every=MONTH, now=NOW + MONTH - timedelta(hours=1)) is None
    assert rules.next_signs_from([key("a", NOW)], every=MONTH, now=NOW + MONTH - rules.LEAD) == NOW + MONTH


def test_a_key_that_we_cannot_open_does_not_sign_and_is_shown():
    foreign = key("foreign", NOW, is_ours=False)
    assert rules.signer([OLD, foreign], now=NOW) == OLD
    assert rules.signer([foreign], now=NOW) is None
    assert rules.next_signs_from([foreign], every=MONTH, now=NOW) == NOW
    assert "foreign" in names(rules.published([OLD, foreign], now=NOW))
