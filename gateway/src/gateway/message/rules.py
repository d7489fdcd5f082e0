"""Which event is told to whom, as a table (told.toml): an event and what is known of it become drafts of messages."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from gateway.known.rules import Heard, Order, sku_of
from shared.errors import Invalid

_POLICY: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("told.toml").read_text("utf-8"))

MAILED_BY_DEFAULT: Final[dict[str, bool]] = _POLICY["kinds"]
KINDS: Final = tuple(MAILED_BY_DEFAULT)
OLDEST: Final = timedelta(days=_POLICY["oldest_days"])
OLDEST_MAIL: Final = timedelta(hours=_POLICY["oldest_mail_hours"])
KEPT: Final = timedelta(days=_POLICY["kept_days"])
PAYMENT_NOTICE: Final = timedelta(minutes=_POLICY["payment_notice_minutes"])
PAYMENT_DUE: Final = "gateway.payment-due-soon.v1"
WEBHOOK_DISABLED: Final = "gateway.webhook-disabled.v1"
_LONGEST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Telling:
    """One row of the table."""

    event: str
    to: str
    kind: str
    template: str
    link: str
    facts: tuple[str, ...]
    only: Mapping[str, Collection[Any]]
    unless: tuple[str, ...] = ()
    but_not: Mapping[str, Collection[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A person, or those of an organisation who have one of the roles; both for who bought for an organisation."""

    person_id: UUID | None
    organisation_id: UUID | None
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it is known which people receive it."""

    receiver: Receiver
    event_id: UUID
    kind: str
    template: str
    facts: dict[str, Any]
    link: str
    happened_at: datetime

    @property
    def words(self) -> str:
        """What a search finds it by: the texts among its facts."""
        texts = [str(value) for value in self.facts.values() if isinstance(value, str)]
        return " ".join(texts)[:_LONGEST_WORDS].lower()


TELLINGS: Final[tuple[Telling, ...]] = tuple(
    Telling(
        row["event"],
        row["to"],
        row["kind"],
        row["template"],
        row["link"],
        tuple(row["facts"]),
        row.get("only", {}),
        tuple(row.get("unless", ())),
        row.get("but_not", {}),
    )
    for row in _POLICY["told"]
)
_OF_ORGANISATIONS: Final = frozenset({"organisation", "unit", "union", "approver", "finance"})
_ROLES: Final[dict[str, frozenset[str]]] = {name: frozenset(roles) for name, roles in _POLICY["roles"].items()}


def is_told(happened_at: datetime, *, now: datetime) -> bool:
    """Whether it is news: history is told to nobody."""
    return happened_at > now - OLDEST


def is_mailed(happened_at: datetime, *, now: datetime) -> bool:
    """Whether it is fresh enough for an e-mail."""
    return happened_at > now - OLDEST_MAIL


def drafts_of(heard: Heard) -> list[Draft]:
    """The messages that follow from the event."""
    return [
        Draft(
            receiver,
            heard.event_id,
            each.kind,
            each.template,
            {name: facts[name] for name in each.facts if name in facts},
            each.link.format_map(facts),
            heard.time,
        )
        for each in TELLINGS
        if each.event == heard.type and _lets_through(each, heard.data)
        for receiver, facts in _receivers(each, heard)
    ]


def _lets_through(telling: Telling, data: Mapping[str, Any]) -> bool:
    if any(data.get(name) is not None for name in telling.unless):
        return False
    if any(data.get(name) in values for name, values in telling.but_not.items()):
        return False
    return all(data.get(name) in values for name, values in telling.only.items())


def _receivers(telling: Telling, heard: Heard) -> Iterator[tuple[Receiver, dict[str, Any]]]:
    if telling.to == "buyer" and heard.order is not None:
        yield _buyer_of(heard.order), facts_of(heard, order=heard.order)
    elif telling.to == "lot-buyers":
        for order in heard.lot_orders:
            yield _buyer_of(order), facts_of(heard, order=order)
    elif telling.to == "suppliers":
        for supplier_id in heard.supplier_ids:
            yield _organisation(supplier_id, "supplier"), facts_of(heard, order=heard.order, supplier_id=supplier_id)
    elif telling.to == "supplier" and heard.supplier_id is not None:
        supplier_id = heard.supplier_id
        yield _organisation(supplier_id, "supplier"), facts_of(heard, order=heard.order, supplier_id=supplier_id)
    elif telling.to == "person":
        yield Receiver(UUID(heard.data.get("person_id") or heard.data["buyer_id"]), None), facts_of(heard, order=None)
    elif telling.to in _OF_ORGANISATIONS and heard.data["organisation_id"] is not None:
        yield _organisation(UUID(heard.data["organisation_id"]), telling.to), facts_of(heard, order=None)


def _buyer_of(order: Order) -> Receiver:
    roles = _ROLES["buyer"] if order.organisation_id is not None else frozenset()
    return Receiver(order.buyer_id, order.organisation_id, roles)


def _organisation(organisation_id: UUID, role_set: str) -> Receiver:
    return Receiver(None, organisation_id, _ROLES[role_set])


def facts_of(heard: Heard, *, order: Order | None, supplier_id: UUID | None = None) -> dict[str, Any]:
    """What may fill a sentence in: the event's plain values and, for a supplier, those of its own part only."""
    plain = (str, int, float, bool)
    facts: dict[str, Any] = {name: value for name, value in heard.data.items() if isinstance(value, plain)}
    if order is not None:
        facts |= {"order_id": str(order.order_id), "order_number": order.order_number}
    if isinstance(heard.data.get("facts"), dict):
        facts["facts"] = heard.data["facts"]
    if "waybill_numbers" in heard.data:
        facts["waybills"] = "、".join(heard.data["waybill_numbers"])
    parts = [
        part for part in heard.data.get("parts", ()) if supplier_id is None or part["supplier_id"] == str(supplier_id)
    ]
    lines = [line for part in parts for line in part["lines"]]
    if supplier_id is not None and parts:
        facts["payable_fen"] = sum(part["payable_fen"] for part in parts)
    if lines:
        facts |= {"title": lines[0]["product_title"], "count": sum(line["quantity"] for line in lines)}
    elif heard.data.get("product_title"):
        title = heard.data["product_title"]
        facts |= {"title": title, "title_en": heard.data.get("product_title_en") or title}
    sku_id = sku_of(heard.data)
    if sku_id is not None and sku_id in heard.titles:
        title, title_en = heard.titles[sku_id]
        facts |= {"title": facts.get("title", title), "title_en": title_en or title}
    return facts


def ensure_kind(kind: str) -> str:
    """A kind of message. Refuses 422 `message-kind-unknown`."""
    if kind not in KINDS:
        raise Invalid(
            f"Choose one of: {', '.join(KINDS)}.", code="message-kind-unknown", field="kind", known=list(KINDS)
        )
    return kind


def wants_mail(kind: str, chosen: Mapping[str, bool]) -> bool:
    """Whether messages of this kind go out as e-mail to who chose so."""
    return chosen.get(kind, MAILED_BY_DEFAULT[kind])
