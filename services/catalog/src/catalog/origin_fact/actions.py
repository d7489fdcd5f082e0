"""Recording facts. A new value holds from its first day on; the one before ends there."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.eligibility import actions as eligibility_actions
from catalog.linkage import actions as linkage_actions
from catalog.origin_fact import queries, rules
from catalog.origin_fact.models import OriginFact
from catalog.product import queries as product_queries
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.ids import new_id

SUBJECT = "origin_fact"


async def village_key(db: AsyncSession, *, county_code: str, township: str, village: str) -> tuple[str, str]:
    """The key of a village and its county's code of today. 422 `county-unknown`."""
    place = await linkage_actions.place_of(db, county_code=county_code, township=township, village=village)
    return f"{place.county_code}/{place.township}/{place.village}", place.county_code


async def county_of(db: AsyncSession, *, subject_kind: str, subject_id: UUID) -> str:
    """The county whose officials record facts of this product or supplier. 404 if there is no such thing."""
    if subject_kind == "product":
        return (await product_queries.get_product(db, subject_id)).origin_county_code
    return (await supplier_queries.get_supplier(db, subject_id)).county_code


async def record_fact(
    db: AsyncSession,
    *,
    subject_key: str,
    county_code: str,
    name: str,
    value: Any,
    from_on: date,
    source: str,
    caller: Caller | None,
    now: datetime,
) -> OriginFact:
    """A fact from a day on, with its source. What held before ends there; a value recorded again for the same first
    day takes the place of the one before. What depends on it is decided anew.

    409 `fact-later` if a later value is known already; 422 `fact-unknown`, `fact-value-invalid`.
    """
    subject_kind, _ = rules.ensure_fact(name, value)
    key = {"subject_kind": subject_kind, "subject_key": subject_key, "name": name}
    if await queries.has_later_fact(db, **key, after=from_on):
        raise Conflict("A later value of this fact is known already.", code="fact-later", field="from_on")
    found = await queries.find_fact(db, **key, on=from_on)
    if found is not None and found.from_on == from_on:
        fact = found
        fact.value, fact.source, fact.recorded_at = value, source, now
    else:
        if found is not None:
            found.until_on = from_on
            await db.flush()
        fact = OriginFact(
            fact_id=new_id(),
            county_code=county_code,
            value=value,
            from_on=from_on,
            source=source,
            recorded_at=now,
            **key,
        )
        db.add(fact)
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=fact.fact_id,
        verb="record",
        caller=caller,
        now=now,
        reason=f"{name} of {subject_kind} {subject_key} from {from_on}: {value} ({source})",
    )
    if from_on <= business_day(now):
        await eligibility_actions.mark_due(db, [(subject_kind, subject_key)])
    return fact
