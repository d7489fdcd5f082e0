"""Every notice that the catalog sends has its sentence on the gateway's pages, in both languages."""

import ast
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

import catalog
from catalog.admission import actions as admission
from catalog.credit.rules import PLACEMENT_MOVES
from catalog.demonstration.rules import MOVES as DEMONSTRATION_MOVES
from catalog.import_batch.rules import MOVES as IMPORT_MOVES
from catalog.recognition.rules import MOVES as RECOGNITION_MOVES
from catalog.supplier import actions as supplier
from gateway.pages.notices import sentences_of
from gateway.pages.wording import LANGUAGES, wording
from gateway.visitor import Language
from shared.moves import Moves

SOURCES = Path(catalog.__file__).parent
CODE = re.compile(r"[a-z]+(-[a-z]+)+")


def after(moves: Moves, *verbs: str, besides: Sequence[str] = ()) -> set[str]:
    """The statuses that these verbs (all if none is said) lead to, as codes spell them."""
    found = {to for verb, (_, to) in moves.items() if (not verbs or verb in verbs) and verb not in besides}
    return {each.lower().replace("_", "-") for each in found}


SENT = {
    "admission/actions.py": {
        *admission._TOLD.values(), "admission-arrived-county", "admission-arrived-platform", "admission-overdue",
    },
    "brand/actions.py": {"brand-granted", "brand-revoked"},
    "certificate/actions.py": {
        "certificate-verified", "certificate-refused", "certificate-withdrawn", "certificate-ending",
    },
    "credit/actions.py": {
        "credit-event-reported", *(f"credit-{each}" for each in after(PLACEMENT_MOVES, besides=("dismiss",))),
    },
    "credit_appeal/actions.py": {
        f"credit-{kind}-{outcome}" for kind in ("objection", "repair") for outcome in ("granted", "refused")
    },
    "demonstration/actions.py": {f"demonstration-{each}" for each in after(DEMONSTRATION_MOVES)},
    "directory/actions.py": {"directory-issued"},
    "enforcement/actions.py": {"enforcement-measure-ordered"},
    "import_batch/actions.py": {
        "import-checked", *(f"import-{each}" for each in after(IMPORT_MOVES, "finish", "refuse", "fail")),
    },
    "inspection/actions.py": {
        "inspection-accepted", "inspection-refused", "inspection-withdrawn", "inspection-ending",
    },
    "licence/actions.py": {"licence-ended", "licence-ending", "licence-refused"},
    "linkage/actions.py": {"linkage-confirmed", "linkage-returned"},
    "lot/actions.py": {"lot-held", "lot-released", "lot-recalled"},
    "placement/actions.py": {"job-pushed"},
    "profit_contract/actions.py": {"profit-contract-confirmed", "profit-contract-returned"},
    "recognition/actions.py": {f"recognition-{each}" for each in after(RECOGNITION_MOVES)},
    "review/actions.py": {
        f"product-{kind}-{outcome}" for kind in ("listing", "change") for outcome in ("accepted", "rejected")
    },
    "supplier/actions.py": {*supplier.TOLD.values(), "principal-gone"},
}  # fmt: skip
"""By the module that tells it. What is made of a status is taken from the slice's table of moves."""


def named_in(source: Path) -> set[str] | None:
    """The codes that a module hands to `notify` in so many words, itself or by a function of its own; None if it tells
    nobody."""
    calls = [each for each in ast.walk(ast.parse(source.read_text())) if isinstance(each, ast.Call)]
    names = {call: ast.unparse(call.func).rpartition(".")[2] for call in calls}
    if "notify" not in names.values():
        return None
    telling = [call for call, name in names.items() if name in {"notify", "_notify", "_tell"}]
    said = [
        each for call in telling for each in (*call.args, *(more.value for more in call.keywords if more.arg == "code"))
    ]
    return {
        each.value
        for each in said
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and CODE.fullmatch(each.value)
    }


def test_what_the_modules_say_is_listed_here() -> None:
    found = {
        source.relative_to(SOURCES).as_posix(): named
        for source in sorted(SOURCES.rglob("*.py"))
        if (named := named_in(source)) is not None
    }
    assert sorted(found) == sorted(SENT)
    assert {module: sorted(named - SENT[module]) for module, named in found.items() if named - SENT[module]} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_has_a_sentence(language: Language) -> None:
    codes = {code for told in SENT.values() for code in told}
    assert sorted(codes - sentences_of(wording(language)).keys()) == []
