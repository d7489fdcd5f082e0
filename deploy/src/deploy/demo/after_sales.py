"""Claims in several states and reviews of many products, of what the demo's past delivered."""

import asyncio
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, OPERATOR, all_accounts
from deploy.demo.tables import demo_id
from orders.claim import actions as claim_actions
from orders.photo import actions as photo_actions
from orders.review.rules import signature
from shared.auth import Caller
from shared.db import Database
from shared.events.orders import ProductReviewed
from shared.files import Files
from shared.outbox import publish

Advance = Callable[[int], None]
STORIES: Final = (  # what becomes of a claim, verb by verb; an empty story waits for its supplier
    (),
    (),
    ("approve",),
    ("refuse",),
    ("refuse", "appeal"),
    ("refuse", "appeal"),
    ("refuse", "appeal", "uphold"),
    ("refuse", "appeal", "reject"),
    ("withdraw",),
    ("approve",),
)
_REASONS: Final = {
    "approve": "照片清楚，同意退款。",
    "refuse": "照片看不出坏在哪里，请补充。",
    "appeal": "箱底的都烂了，第一张照片能看到霉点。",
    "uphold": "照片可见霉变，支持买家。",
    "reject": "照片与本批次不符，不予支持。",
    "withdraw": "商家已另行补发。",
}
_SAID: Final = (
    (5, "新鲜，分量足，下次还买。"),
    (5, "包装结实，一个没坏。支持乡村振兴！"),
    (5, "家里老人很喜欢，味道正。"),
    (4, "味道好，快递慢了一天。"),
    (4, "个头比图片小一点，口感不错。"),
    (4, "性价比高，泡发以后很香。"),
    (3, "一般，没有想象中甜。"),
    (2, "有几个压伤了，已申请理赔。"),
)
_ANSWER: Final = "谢谢您的支持，欢迎再来。"
_DELIVERED = text("SELECT count(*) FROM supplier_orders WHERE fulfilment = 'DELIVERED'")
_LINES = text("""
    SELECT line.line_id, placed.order_id, line.product_id, line.product_title, line.product_title_en,
           line.specification, part.supplier_id, placed.buyer_id, placed.recipient, line.quantity, line.payable_fen,
           part.delivered_at
    FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id)
    JOIN orders AS placed USING (order_id)
    WHERE part.fulfilment = 'DELIVERED'
    ORDER BY part.delivered_at DESC, line.line_id
""")
_REVIEWS = text("""
    INSERT INTO reviews (review_id, line_id, order_id, product_id, product_title, product_title_en, specification,
                         supplier_id, buyer_id, author, rating, body, reviewed_at, answer, answered_at)
    SELECT review_id, line_id, order_id, product_id, product_title, product_title_en, specification,
           supplier_id, buyer_id, author, rating, body, reviewed_at, answer, answered_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS review (
        review_id uuid, line_id uuid, order_id uuid, product_id uuid, product_title text, product_title_en text,
        specification text, supplier_id uuid, buyer_id uuid, author text, rating smallint, body text,
        reviewed_at timestamptz, answer text, answered_at timestamptz)
    ON CONFLICT (line_id) DO NOTHING
""")
_RATINGS = text("SELECT product_id, supplier_id, rating_count, rating_sum, revision FROM product_ratings")
# The practice cashier never took the past's money, so what goes back of it is back at once.
_ARRIVED = text("""
    UPDATE refunds SET status = 'SUCCEEDED', succeeded_at = requested_at, provider_refund_id = 'demo'
    WHERE refund_id IN (SELECT refund_id FROM line_refunds WHERE cause_id = :claim_id)
""")
_BATCH: Final = 500


def claim_count() -> int:
    """How many claims the demo has."""
    return len(STORIES)


async def load_after_sales(
    database: Database, environment: Mapping[str, str], *, now: datetime, advance: Advance
) -> None:
    """Reviews of about half of what arrived, and a few claims of what arrived last; what is there is left as it is."""
    await _wait_for_deliveries(database)
    async with database.read() as db:
        lines = list(await db.execute(_LINES))
    reviews = _reviews(lines, now)
    for start in range(0, len(reviews), _BATCH):
        async with database.begin() as db:
            await db.execute(_REVIEWS, {"rows": orjson.dumps(reviews[start : start + _BATCH], default=str).decode()})
    async with database.begin() as db:
        events = [ProductReviewed(**row._mapping, reviewed_at=now) for row in await db.execute(_RATINGS)]  # noqa: SLF001
        await publish(db, *events, now=now)
    advance(1)
    store = Files(environment["ORDERS_FILES_URL"])
    known = {each.organisation_id for each in all_accounts() if each.kind == "supplier"}
    dear = [each for each in lines if each.payable_fen // each.quantity >= 5_001]  # noqa: PLR2004 - above the limit
    dear.sort(key=lambda each: (each.supplier_id not in known, each.buyer_id != CONSUMER.person_id))
    for story, line in zip(STORIES, dear, strict=False):
        async with database.begin() as db:
            await _claim(db, store, line, story, now)
        advance(1)


async def _wait_for_deliveries(database: Database) -> None:
    """Until orders has heard of what arrived: of something, and then of nothing more for two seconds."""
    seen, still = 0, 0
    while still < 10 or (not seen and still < 300):  # noqa: PLR2004 - of a fifth of a second each
        async with database.read() as db:
            found = int(await db.scalar(_DELIVERED) or 0)
        still = 0 if found > seen else still + 1
        seen = found
        await asyncio.sleep(0.2)


def _reviews(lines: list[Row[Any]], now: datetime) -> list[dict[str, Any]]:
    rows = []
    for line in lines:
        chance = random.Random(line.line_id.int)  # noqa: S311 - a demo wants the same words every time
        if chance.random() < 0.5:  # noqa: PLR2004
            continue
        rating, body = chance.choices(_SAID, (18, 18, 14, 10, 8, 8, 4, 2))[0]
        at = min(line.delivered_at + timedelta(hours=chance.randint(3, 90)), now)
        is_answered = chance.random() < 0.3  # noqa: PLR2004
        rows.append(
            {
                "review_id": demo_id("review", str(line.line_id)),
                **{
                    name: getattr(line, name)
                    for name in (
                        "line_id",
                        "order_id",
                        "product_id",
                        "product_title",
                        "product_title_en",
                        "specification",
                        "supplier_id",
                        "buyer_id",
                    )
                },
                "author": signature(line.recipient),
                "rating": rating,
                "body": body,
                "reviewed_at": at.isoformat(),
                "answer": _ANSWER if is_answered else "",
                "answered_at": min(at + timedelta(hours=5), now).isoformat() if is_answered else None,
            }
        )
    return rows


async def _claim(db: AsyncSession, store: Files, line: Row[Any], story: tuple[str, ...], now: datetime) -> None:
    claim_id = demo_id("claim", str(line.line_id))
    if await db.scalar(text("SELECT 1 FROM claims WHERE claim_id = :id"), {"id": claim_id}):
        return
    buyer = Caller(line.buyer_id)
    sides = {
        "approve": Caller(demo_id("seller", str(line.supplier_id)), line.supplier_id, "supplier"),
        "refuse": Caller(demo_id("seller", str(line.supplier_id)), line.supplier_id, "supplier"),
        "uphold": Caller(OPERATOR.person_id, kind="operator"),
        "reject": Caller(OPERATOR.person_id, kind="operator"),
    }
    opened_at = line.delivered_at + timedelta(hours=2)
    photo_id = demo_id("photo", str(line.line_id))
    await photo_actions.store_photo(
        db, store, photo_id=photo_id, content=picture(), person_id=line.buyer_id, now=opened_at
    )
    wanted = claim_actions.ClaimWanted("pieces", 1, None, "rotten", "打开箱子就闻到味，坏了。", [photo_id])
    await claim_actions.open_claim(
        db,
        claim_id=claim_id,
        order_id=line.order_id,
        line_id=line.line_id,
        wanted=wanted,
        caller=buyer,
        now=opened_at,
    )
    for step, verb in enumerate(story, 1):
        await claim_actions.move_claim(
            db,
            claim_id=claim_id,
            verb=verb,
            reason=_REASONS[verb],
            expected_revision=None,
            caller=sides.get(verb, buyer),
            now=opened_at + timedelta(hours=step),
        )
    if not {"approve", "uphold"}.isdisjoint(story):
        await db.execute(_ARRIVED, {"claim_id": claim_id})
    elif not story or story[-1] in {"refuse", "appeal"}:
        # The past lies days back: what waits here would have lapsed, so it waits from now on.
        await db.execute(
            text("UPDATE claims SET due_at = :due_at WHERE claim_id = :id"),
            {"due_at": now + timedelta(hours=40), "id": claim_id},
        )


def picture() -> bytes:
    """A brown square with a green corner, as PNG: enough to see where a photo would be."""
    rows = b"".join(
        b"\x00" + b"".join(bytes((96, 120, 60) if x < 24 and y < 24 else (122, 84, 52)) for x in range(96))  # noqa: PLR2004
        for y in range(96)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 96, 96, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
