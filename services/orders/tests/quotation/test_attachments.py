"""What stands beside a bid: under its seal until the opening, its own supplier's to change until the deadline."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import attaching, bidding, rules
from orders.quotation.sealing import Seal, locked, unlocked
from services.orders.tests.quotation import asking
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.files import Files

REPORT = b"%PDF-1.7 a report on 4321 samples" + bytes(2000)
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(200)


@pytest.fixture
def shelf(tmp_path: Any) -> Files:
    return Files(f"file://{tmp_path}/files")


async def filed(
    db: AsyncSession, shelf: Files, quotation_id: UUID, supplier: Caller, name: str = "检测报告.pdf", **given: Any
) -> UUID:
    facts: dict[str, Any] = {"kind": "SAMPLE_REPORT", "content": REPORT, "now": asking.NOW, **given}
    file_id = uuid4()
    await attaching.file_attachment(
        db, shelf, asking.SEAL, quotation_id=quotation_id, file_id=file_id, name=name, caller=supplier, **facts
    )
    return file_id


async def refused(step: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        await step
    return refusal.value.code


async def names(db: AsyncSession) -> list[str]:
    found = await db.execute(text("SELECT name FROM quotation_bid_files WHERE removed_at IS NULL ORDER BY name"))
    return [row[0] for row in found]


async def test_it_is_noise_until_the_opening_and_told_by_it(db: AsyncSession, shelf: Files, tmp_path: Any):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    for supplier in table.suppliers:
        await asking.offered(db, table, quotation, supplier, 100, 200)
    await filed(db, shelf, quotation.quotation_id, table.suppliers[0])
    kept = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    assert len(kept) == 1 and b"4321 samples" not in kept[0] and not kept[0].startswith(b"%PDF")  # noqa: PT018
    held = str(list(await db.execute(text("SELECT to_jsonb(f)::text FROM quotation_bid_files AS f"))))
    for secret in ("检测报告", "SAMPLE_REPORT", "application/pdf", "检测报告".encode().hex()):
        assert secret not in held
    await asking.opened(db, table, quotation)
    assert await names(db) == ["检测报告.pdf"]
    for statement in (
        "UPDATE quotation_bid_files SET name = 'other'",
        "UPDATE quotation_bid_files SET removed_at = filed_at, sealed = NULL",
        (
            "INSERT INTO quotation_bid_files (file_id, bid_id, sealed, filed_at, filed_by)"
            " SELECT bid_id, bid_id, 'x', submitted_at, submitted_by FROM quotation_bids"
        ),
    ):
        with pytest.raises(IntegrityError):
            async with db.begin_nested():
                await db.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        ("UPDATE quotation_bid_files SET kind = 'LETTER', name = 'a', media_type = 'image/png', size_bytes = 1"),
        "UPDATE quotation_bid_files SET sealed = 'x'",
        "UPDATE quotation_bid_files SET filed_at = filed_at - interval '1 hour'",
        "UPDATE quotation_bid_files SET removed_at = '2027-01-01', sealed = NULL",
        "UPDATE quotation_bid_files SET removed_at = filed_at",
    ],
)
async def test_the_database_keeps_the_seal_of_what_stands_beside_a_bid(db: AsyncSession, shelf: Files, statement: str):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    await asking.offered(db, table, quotation, table.suppliers[0], 100, 200)
    await filed(db, shelf, quotation.quotation_id, table.suppliers[0])
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(text(statement))


async def test_only_beside_an_own_bid_and_until_the_deadline(db: AsyncSession, shelf: Files):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    first, second, stranger = *table.suppliers[:2], Caller(uuid4(), uuid4(), "supplier", frozenset())
    quotation_id = quotation.quotation_id
    assert await refused(filed(db, shelf, quotation_id, first)) == "quotation-bid-status"
    assert await refused(filed(db, shelf, quotation_id, stranger)) == "quotation-unknown"
    assert await refused(filed(db, shelf, quotation_id, table.handler)) == "kind-not-allowed"
    await asking.offered(db, table, quotation, first, 100, 200)
    await asking.offered(db, table, quotation, second, 100, 200)
    own = await filed(db, shelf, quotation_id, first)
    given: dict[str, Any] = {"quotation_id": quotation_id, "file_id": own}
    assert await refused(attaching.remove_attachment(db, caller=second, now=asking.NOW, **given)) == "bid-file-unknown"
    assert await refused(filed(db, shelf, quotation_id, first, now=asking.DEADLINE)) == "quotation-closed"
    assert (
        await refused(attaching.remove_attachment(db, caller=first, now=asking.DEADLINE, **given)) == "quotation-closed"
    )
    await attaching.remove_attachment(db, caller=first, now=asking.NOW, **given)
    assert await refused(attaching.remove_attachment(db, caller=first, now=asking.NOW, **given)) == "bid-file-unknown"
    assert await db.scalar(text("SELECT count(*) FROM quotation_bid_files WHERE sealed IS NOT NULL")) == 0


async def test_the_bytes_say_what_it_is_and_a_bid_has_so_many(db: AsyncSession, shelf: Files):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    own, quotation_id = table.suppliers[0], quotation.quotation_id
    await asking.offered(db, table, quotation, own, 100, 200)
    webp = b"RIFF0000WEBP"
    assert await refused(filed(db, shelf, quotation_id, own, content=webp)) == "file-type-not-accepted"
    long = b"%PDF-" + bytes(rules.figures().most_file_bytes)
    assert await refused(filed(db, shelf, quotation_id, own, content=long)) == "file-too-large"
    for number in range(rules.figures().most_files):
        await filed(db, shelf, quotation_id, own, f"{number}.png", content=PHOTO)
    assert await refused(filed(db, shelf, quotation_id, own, "one more.png")) == "bid-files-full"
    await filed(db, shelf, quotation_id, own, "0.png", content=REPORT)  # takes the place of the first
    assert await db.scalar(text("SELECT count(*) FROM quotation_bid_files WHERE sealed IS NOT NULL")) == 10


async def test_a_bid_anew_keeps_them_and_a_withdrawn_bid_takes_them_along(db: AsyncSession, shelf: Files):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    own, quotation_id = table.suppliers[0], quotation.quotation_id
    await asking.offered(db, table, quotation, own, 100, 200)
    await filed(db, shelf, quotation_id, own)
    await asking.offered(db, table, quotation, own, 90, 190)
    count = text("SELECT count(*) FROM quotation_bid_files WHERE sealed IS NOT NULL")
    assert await db.scalar(count) == 1
    await bidding.withdraw_bid(db, quotation_id=quotation_id, caller=own, now=asking.NOW)
    assert await db.scalar(count) == 0
    assert await refused(filed(db, shelf, quotation_id, own)) == "quotation-bid-status"
    await asking.offered(db, table, quotation, own, 80, 180)
    assert await db.scalar(count) == 0


async def test_at_once_no_more_than_a_bid_may_have(fresh_database: Database, shelf: Files):
    async with fresh_database.begin() as db:
        table = await asking.laid_table(db)
        quotation = await asking.asked(db, table)
        await asking.offered(db, table, quotation, table.suppliers[0], 100, 200)

    async def file(number: int) -> str:
        try:
            async with fresh_database.begin() as db:
                await filed(db, shelf, quotation.quotation_id, table.suppliers[0], f"{number}.png", content=PHOTO)
        except Refusal as refusal:
            return refusal.code
        return "filed"

    outcomes = await asyncio.gather(*(file(number) for number in range(14)))
    most = rules.figures().most_files
    assert sorted(outcomes) == ["bid-files-full"] * (14 - most) + ["filed"] * most


def test_bytes_come_back_with_their_own_key_only():
    key, noise = locked(REPORT)
    assert unlocked(key, noise) == REPORT
    for wrong in (locked(REPORT)[0], key):
        with pytest.raises(Refusal):
            unlocked(wrong, noise[:-1] + bytes([noise[-1] ^ 1]))


async def test_over_http_who_sees_it_when(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any):
    now = utc_now()
    table = await asking.laid_table(db)
    quotation = await asking.asked(
        db, table, now=now, closes_at=now + timedelta(hours=1),
        deliver_from=now + timedelta(days=2), deliver_until=now + timedelta(days=3),
    )  # fmt: skip
    path, bidder, rival = f"/v1/quotations/{quotation.quotation_id}", *table.suppliers[:2]
    unit = as_caller(kind="institution", organisation_id=table.unit.organisation_id, roles=("buyer",))
    own = as_caller(kind="supplier", organisation_id=bidder.organisation_id, roles=("sales",))
    other = as_caller(kind="supplier", organisation_id=rival.organisation_id, roles=("sales",))
    bid = await asking.offered(db, table, quotation, bidder, 100, 200, now=now)
    files = f"/v1/quotation-invitations/{quotation.quotation_id}/bid/files"
    params = {"kind": "CERTIFICATE", "name": "绿色食品证书.pdf"}
    answer = await client.post(files, content=REPORT, params=params, headers=own)
    assert answer.status_code == 201, answer.text
    file_id = answer.json()["file_id"]
    invitation = f"/v1/quotation-invitations/{quotation.quotation_id}"
    told = (await client.get(invitation, headers=own)).json()["own_bid"]["files"]
    assert [(each["name"], each["kind"], each["size_bytes"]) for each in told] == [
        ("绿色食品证书.pdf", "CERTIFICATE", len(REPORT))
    ]
    assert (await client.get(f"{files}/{file_id}", headers=own)).content == REPORT
    opened = f"{path}/bids/{bid.bid_id}/files/{file_id}"
    for reading, who in ((f"{files}/{file_id}", other), (opened, unit)):
        answer = await client.get(reading, headers=who)
        assert (answer.status_code, answer.json()["code"]) == (404, "bid-file-unknown")
    assert (await client.get(opened, headers=other)).status_code in {403, 404}
    await db.execute(text("SET session_replication_role = replica"))
    await db.execute(text("UPDATE quotations SET closes_at = clock_timestamp() - interval '1 second'"))
    await db.execute(text("SET session_replication_role = DEFAULT"))
    late = await client.delete(f"{files}/{file_id}", headers=own)
    assert (late.status_code, late.json()["code"]) == (409, "quotation-closed")
    steps = unit | {"idempotency-key": str(uuid4()), "if-match": '"2"'}
    answer = await client.post(f"{path}/open", json={"reason": "只有一家报价"}, headers=steps)
    assert answer.status_code == 200, answer.text
    sheet = (await client.get(f"{path}/comparison", headers=unit)).json()
    assert [each["name"] for each in sheet["bids"][0]["files"]] == ["绿色食品证书.pdf"]
    answer = await client.get(opened, headers=unit)
    assert (answer.content, answer.headers["content-type"]) == (REPORT, "application/pdf")
    assert (await client.get(f"{files}/{file_id}", headers=own)).content == REPORT
    assert (await client.get(f"{path}/bids/{uuid4()}/files/{file_id}", headers=unit)).status_code == 404


def test_another_secret_opens_no_attachment():
    told = attaching.Attachment("LETTER", "函.pdf", "application/pdf", 3, "00")
    quotation_id, file_id = uuid4(), uuid4()
    sealed = asking.SEAL.close_attachment(told, quotation_id=quotation_id, file_id=file_id)
    assert asking.SEAL.open_attachment(sealed, quotation_id=quotation_id, file_id=file_id) == told
    for seal, own in ((Seal("another secret of the house"), file_id), (asking.SEAL, uuid4())):
        with pytest.raises(Refusal):
            seal.open_attachment(sealed, quotation_id=quotation_id, file_id=own)
