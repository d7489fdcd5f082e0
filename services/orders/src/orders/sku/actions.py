"""Keeping the replica: a later revision wins, an earlier one that comes late is ignored."""

from datetime import datetime

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.catalog import ListedSku, SkuDelisted

_COLUMNS = (
    "revision",
    "product_id",
    "supplier_id",
    "supplier_name",
    "supplier_county_code",
    "product_title",
    "product_title_en",
    "specification",
    "specification_en",
    "category",
    "picture",
    "origin_county_code",
    "designations",
    "net_weight_g",
    "price_fen",
    "price_valid_from",
    "price_valid_until",
    "temperature_class",
    "shelf_life_days",
)
_DOCUMENTS = ("price_tiers", "presale", "tax")
_TEXTS = ("tax_code", "unit", "invoice_name")
_VALUES = (*_COLUMNS, *_TEXTS, *_DOCUMENTS)
_KEEP = text(f"""
    INSERT INTO sellable_skus AS kept (sku_id, is_listed, changed_at, {", ".join(_VALUES)})
    VALUES (:sku_id, true, :changed_at, {", ".join(f":{column}" for column in (*_COLUMNS, *_TEXTS))},
            {", ".join(f"CAST(:{column} AS jsonb)" for column in _DOCUMENTS)})
    ON CONFLICT (sku_id) DO UPDATE SET
        is_listed = kept.is_listed OR :is_listing,
        delisted_reason = CASE WHEN :is_listing THEN NULL ELSE kept.delisted_reason END,
        changed_at = excluded.changed_at,
        {", ".join(f"{column} = excluded.{column}" for column in _VALUES)}
    WHERE kept.revision < excluded.revision
""")  # noqa: S608 - only our own column names
_DELIST = text("""
    UPDATE sellable_skus
    SET is_listed = false, delisted_reason = :reason, revision = :revision, changed_at = :changed_at
    WHERE sku_id = :sku_id AND revision < :revision
""")


async def list_sku(db: AsyncSession, sku: ListedSku, *, listed_at: datetime) -> None:
    """The SKU may be sold as the event says."""
    await _keep(db, sku, changed_at=listed_at, is_listing=True)


async def revise_sku(db: AsyncSession, sku: ListedSku, *, revised_at: datetime) -> None:
    """The SKU's facts changed; whether it is listed did not."""
    await _keep(db, sku, changed_at=revised_at, is_listing=False)


async def _keep(db: AsyncSession, sku: ListedSku, *, changed_at: datetime, is_listing: bool) -> None:
    facts = sku.model_dump(include={"sku_id", *_COLUMNS, *_TEXTS})
    facts["designations"] = list(sku.designations)
    facts |= _documents(sku)
    await db.execute(_KEEP, facts | {"changed_at": changed_at, "is_listing": is_listing})


def _documents(sku: ListedSku) -> dict[str, str | None]:
    """What is kept as JSON beside the row; nothing at all is NULL, and no tier an empty list."""
    told = sku.model_dump(mode="json", include=set(_DOCUMENTS))
    return {name: None if told[name] is None else orjson.dumps(told[name]).decode() for name in _DOCUMENTS}


async def delist_sku(db: AsyncSession, event: SkuDelisted) -> None:
    """The SKU may not be sold any more. Orders that hold it go on; carts show it as gone."""
    await db.execute(
        _DELIST,
        {
            "sku_id": event.sku_id,
            "reason": event.reason,
            "revision": event.revision,
            "changed_at": event.delisted_at,
        },
    )
