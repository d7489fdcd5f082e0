"""Which parcels may be declared lost, and by whom."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from logistics.loss import rules
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, Invalid
from shared.testing import NOW


@dataclass(frozen=True)
class Box:
    parcel_id: UUID = field(default_factory=uuid4)
    delivered_at: datetime | None = None
    returned_at: datetime | None = None


def test_the_supplier_and_service_people_declare():
    assert rules.side_of(Caller(uuid4(), uuid4(), "supplier")) == "supplier"
    assert rules.side_of(Caller(uuid4(), None, "operator", frozenset({"support"}))) == "operator"
    for other in (Caller(uuid4()), Caller(uuid4(), None, "operator", frozenset({"analyst"}))):
        with pytest.raises(Forbidden) as refused:
            rules.side_of(other)
        assert refused.value.code == "not-yours-to-declare"


def test_without_a_name_it_is_all_that_are_on_their_way():
    away, arrived, gone = Box(), Box(delivered_at=NOW), Box()
    assert rules.chosen([away, arrived, gone], [], {gone.parcel_id}) == [away]


@pytest.mark.parametrize(
    ("box", "code"),
    [(Box(delivered_at=NOW), "parcel-arrived"), (Box(returned_at=NOW), "parcel-returned")],
)
def test_what_arrived_or_came_back_is_not_lost(box: Box, code: str):
    for named in ([box.parcel_id], []):
        with pytest.raises(Conflict) as refused:
            rules.chosen([box], named, set())
        assert refused.value.code == code


def test_a_parcel_is_lost_once():
    box = Box()
    with pytest.raises(Conflict) as refused:
        rules.chosen([box], [box.parcel_id], {box.parcel_id})
    assert refused.value.code == "parcel-lost-already"


def test_nothing_sent_is_nothing_lost():
    with pytest.raises(Conflict) as refused:
        rules.chosen([], [], set())
    assert refused.value.code == "nothing-sent"


def test_a_stranger_parcel_is_refused():
    with pytest.raises(Invalid) as refused:
        rules.chosen([Box()], [uuid4()], set())
    assert refused.value.code == "parcel-unknown"
