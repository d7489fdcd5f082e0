"""When a mail is tried again, and links that end mails."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import rules
from shared.errors import NotFound

KEY = b"k" * 32


def test_it_is_tried_again_ever_later_and_then_given_up(now: datetime):
    tries = [rules.next_try(attempts, now=now) for attempts in range(1, 8)]
    waits = [each - now for each in tries if each is not None]
    assert waits == sorted(waits)
    assert len(waits) == len(rules.RETRIES)
    assert tries[-1] is None
    assert sum(waits, timedelta()) < timedelta(hours=12)


def test_a_link_names_its_person_and_its_kind_only():
    person_id = uuid4()
    token = rules.unsubscribe_token(person_id, "order", key=KEY)
    assert rules.person_of(token, "order", key=KEY) == person_id
    for kind, key in (("parcel", KEY), ("order", b"x" * 32)):
        with pytest.raises(NotFound, match="not complete"):
            rules.person_of(token, kind, key=key)


@given(token=st.text(max_size=80))
def test_no_other_text_is_a_link(token: str):
    with pytest.raises(NotFound):
        rules.person_of(token, "order", key=KEY)
