"""A message's sentence in its reader's language, and where it leads; for the list and for e-mail alike."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages import figures
from gateway.pages.notices import PLACES, sentences_of
from gateway.pages.wording import wording
from gateway.visitor import Language

_NOTICE: Final = "notice"
_NAMED: Final = {
    "type": "licence_type",
    "status": "supplier_status",
    "kind": "excursion_kind",
    "milestone": "crop_milestone",
}


class _Facts(dict[str, str]):
    """Facts for a sentence; one that is not there is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def sentence_of(template: str, facts: Mapping[str, Any], language: Language) -> str:
    """What the message says."""
    t = wording(language)
    inner = facts.get("facts")
    if template == _NOTICE and isinstance(inner, dict):
        sentence, facts = sentences_of(t).get(str(facts.get("code", "")), t.notices.other), inner
    else:
        sentence = t.names["message"].get(template, t.notices.other)
    told = {name: _told(name, value, language) for name, value in facts.items()}
    if language == "en" and told.get("title_en"):
        told["title"] = told["title_en"]
    return str(sentence).format_map(_Facts(told))


def _told(name: str, value: Any, language: Language) -> str:
    if name in _NAMED:
        return wording(language).names.get(_NAMED[name], {}).get(str(value), str(value))
    if name.endswith("_fen") and isinstance(value, int):
        return figures.money(value)
    if isinstance(value, str) and name.endswith(("_on", "_until", "_at")):
        return _time(name, value, language)
    return "" if value is None else str(value)


def _time(name: str, value: str, language: Language) -> str:
    try:
        return figures.time_text(value, language) if name.endswith("_at") else figures.day_text(value, language)
    except ValueError:
        return value


def link_of(template: str, facts: Mapping[str, Any], link: str, *, kind: str) -> str:
    """Where a reader who acts for an organisation of this kind finds what it is about; empty if nowhere."""
    if template != _NOTICE:
        return link
    return PLACES.get(str(facts.get("subject_kind")), {}).get(kind, "").format(id=facts.get("subject_id"))
