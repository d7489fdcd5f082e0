"""What pages of quotations and of auctions have in common: the steps that a status allows, and who did what."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.pages.parts import TrailEntry, Verb
from gateway.pages.shell import Page


def span(found: Mapping[str, Any], page: Page) -> str:
    """From when until when the goods come."""
    return f"{page.time(found['deliver_from'])} – {page.time(found['deliver_until'])}"


def verbs_of(allowed: Iterable[str], names: Mapping[str, str]) -> list[Verb]:
    """The steps as buttons; calling it off is the dangerous one."""
    return [Verb(each, names[each], "danger" if each == "cancel" else "main") for each in allowed]


def trail_of(trail: Mapping[str, Any], page: Page, names: Mapping[str, str]) -> list[TrailEntry]:
    """Who did what."""
    actors = page.t.names["trail_actor"]
    return [
        TrailEntry(
            page.time(each["done_at"]),
            actors.get(each["actor"], each["actor"]),
            names.get(each["verb"], each["verb"]),
            reason=each["reason"],
        )
        for each in trail["items"]
    ]


def codes_of(found: Mapping[str, Any]) -> set[str]:
    """The divisions that a request names: where the goods go, and where they are to come from."""
    return {found["county_code"], *(each["origin_county_code"] for each in found["lines"])} - {""}
