"""How answers about origin read: each case with its conditions and what was found."""

from dataclasses import dataclass
from typing import Any

from gateway.pages.shell import Page
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Refusal
from shared.log import logger

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case of a rule, whether it was hit, and its conditions in words."""

    title: str
    is_hit: bool
    conditions: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """A rule's answer for a product."""

    rule: str
    is_eligible: bool
    since: str
    cases: list[CaseView]


def rule_titles(rule_sets: dict[str, Any], page: Page) -> dict[str, str]:
    """The rule sets' titles by code, in the page's language."""
    return {each["code"]: titled(each, page) for each in rule_sets["items"]}


def titled(item: dict[str, Any], page: Page) -> str:
    """A title in the page's language, the Chinese one if there is no other."""
    return str((item.get("title_en") if page.language == "en" else "") or item["title_zh"])


def value_text(value: Any, page: Page) -> str:
    """A fact's value in words."""
    if isinstance(value, bool):
        return str(page.t.eligibility.yes if value else page.t.eligibility.no)
    if value is None:
        return str(page.t.eligibility.unknown)
    if isinstance(value, list):
        names = page.t.names["designation"]
        return str(page.t.eligibility.comma).join(names.get(str(each), str(each)) for each in value)
    names = {**page.t.names["designation"], **page.t.names["supplier_kind"]}
    return names.get(str(value), str(value))


def condition_text(condition: dict[str, Any], page: Page) -> str:
    """A condition with what was found: linked households at least 50 (found 62)."""
    fact = page.t.names["origin_fact"].get(condition["fact"], condition["fact"])
    op = page.t.names["condition_op"].get(condition["op"], condition["op"])
    wanted, found = value_text(condition["value"], page), value_text(condition.get("found"), page)
    return str(page.t.eligibility.condition(fact=fact, op=op, wanted=wanted, found=found))


def cases_of(reason: list[dict[str, Any]], page: Page) -> list[CaseView]:
    """The cases, those that were hit first."""
    views = [
        CaseView(
            title=titled(case, page),
            is_hit=case["is_hit"],
            conditions=[(condition_text(each, page), each["is_met"]) for each in case["conditions"]],
        )
        for case in reason
    ]
    return sorted(views, key=lambda case: not case.is_hit)


def answers_of(found: dict[str, Any], titles: dict[str, str], page: Page) -> list[AnswerView]:
    """The answers for a product, those that count first."""
    views = [
        AnswerView(
            titles.get(each["rule_set"], each["rule_set"]),
            each["is_eligible"],
            page.day(each["valid_from_on"]),
            cases_of(each["reason"], page),
        )
        for each in found["items"]
    ]
    return sorted(views, key=lambda view: not view.is_eligible)


async def product_answers(services: Services, visitor: Visitor, product_id: str, page: Page) -> list[AnswerView]:
    """The rules that count a product, for its page; a catalog that does not answer costs this part only."""
    try:
        found = await services.catalog.get(f"/v1/products/{product_id}/eligibility", visitor=visitor)
        titles = rule_titles(await services.catalog.get("/v1/eligibility-rule-sets", visitor=None), page)
    except Refusal as refusal:
        log.warning("no eligibility", code=refusal.code)
        return []
    return [each for each in answers_of(found, titles, page) if each.is_eligible]
