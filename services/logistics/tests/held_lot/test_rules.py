"""What may leave and what may not."""

from uuid import uuid4

import pytest

from logistics.held_lot.rules import Held, ensure_codes, ensure_sendable
from shared.errors import Conflict, Invalid
from shared.trace_codes import check_character

APPLE, PEAR = uuid4(), uuid4()
CODE = "4203250000012611200001" + check_character("4203250000012611200001")
OTHER = "4203250000012611200002" + check_character("4203250000012611200002")
HELD = Held(CODE, frozenset({APPLE}), "检测不合格", is_recalled=False)


def test_pieces_of_another_lot_leave():
    ensure_sendable([(APPLE, OTHER), (PEAR, "")], [HELD])
    ensure_sendable([(APPLE, "")], [])


def test_pieces_of_the_held_lot_stay():
    with pytest.raises(Conflict) as refused:
        ensure_sendable([(APPLE, OTHER), (APPLE, CODE)], [HELD])
    assert (refused.value.code, refused.value.extra["lot_code"]) == ("lot-held", CODE)


def test_pieces_of_no_named_lot_stay_while_one_of_the_skus_lots_is_held():
    with pytest.raises(Conflict) as refused:
        ensure_sendable([(APPLE, "")], [HELD])
    assert (refused.value.code, refused.value.extra["held_lots"]) == ("lot-code-needed", [CODE])


def test_a_mistyped_code_is_refused():
    ensure_codes([CODE, OTHER])
    with pytest.raises(Invalid) as refused:
        ensure_codes([CODE[:-1] + ("0" if CODE[-1] != "0" else "1")])
    assert refused.value.code == "trace-code-invalid"
