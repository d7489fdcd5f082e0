"""Messages go out as e-mail, over a real SMTP conversation, on a real database."""

import asyncio
import base64
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.handlers import Inbox
from gateway.housekeeping import jobs
from gateway.mail.rules import unsubscribe_token
from gateway.mailing import send_mail
from gateway.message import actions as message_actions
from gateway.settings import GatewaySettings
from gateway.tests.conftest import MASTER_KEY
from gateway.tests.factories import a_part, a_person, envelope, paid
from gateway.tests.mail.smtp_peer import SmtpPeer, running
from gateway.unread import UnreadCounts
from shared.db import Database


def settings_for(database: Database, url: str) -> GatewaySettings:
    return GatewaySettings(
        database_url=database.url,
        events_token="token",
        master_key=MASTER_KEY,
        public_url="https://zhunong.example",
        mail_url=url,
    )


def to(peer: SmtpPeer, database: Database) -> GatewaySettings:
    return settings_for(database, f"smtp://127.0.0.1:{peer.port}")


async def a_paid_order(database: Database, **person: Any) -> UUID:
    """Somebody paid an order; the person."""
    async with database.begin() as db:
        person_id = await a_person(db, **person)
    inbox = Inbox(lambda: database, UnreadCounts(lambda: database), sends_mail=True, ring=lambda: None)
    await inbox.apply([envelope(paid(person_id, a_part(uuid4())))])
    return person_id


async def mails(database: Database) -> list[tuple[str, int, str]]:
    async with database.read() as db:
        rows = await db.execute(text("SELECT mail_id, status, attempts, error FROM mails ORDER BY mail_id"))
        return [(row.status, row.attempts, row.error) for row in rows]


async def mail_ids(database: Database) -> list[str]:
    async with database.read() as db:
        return [str(row.mail_id) for row in await db.execute(text("SELECT mail_id FROM mails"))]


async def work(database: Database, settings: GatewaySettings) -> None:
    await jobs.work(database, settings=settings, wait=False)


async def test_a_mail_arrives_once_in_the_readers_language_and_can_be_ended(fresh_database: Database):
    async with running() as peer:
        await a_paid_order(fresh_database, language="en")
        settings = to(peer, fresh_database)
        await work(fresh_database, settings)
        (mail_id,) = await mail_ids(fresh_database)
        await send_mail(fresh_database, settings, mail_id)
    (mail,) = peer.mails
    assert await mails(fresh_database) == [("SENT", 1, "")]
    assert mail["Subject"].startswith("Zhunong: Order ZN")
    assert mail["Message-ID"] == f"<{mail_id}@example.com>"
    body = mail.get_content()
    assert "is paid, ¥79.60" in body
    link = re.fullmatch(r"<(https://zhunong\.example/mail/unsubscribe/order/[\w-]+)>", mail["List-Unsubscribe"])
    assert link is not None
    assert link[1] in body
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_server_that_says_later_is_asked_later_and_one_that_says_never_is_not(fresh_database: Database):
    async with running() as peer:
        await a_paid_order(fresh_database)
        (mail_id,) = await mail_ids(fresh_database)
        peer.answers = ["451 greylisted", "554 no"]
        await send_mail(fresh_database, to(peer, fresh_database), mail_id)
        assert await mails(fresh_database) == [("WAITING", 1, "the server refused the mail: 451")]
        async with fresh_database.read() as db:
            wait = await db.scalar(
                text("SELECT max(scheduled_at) - now() FROM procrastinate_jobs WHERE scheduled_at IS NOT NULL")
            )
        assert wait.total_seconds() > 30
        await send_mail(fresh_database, to(peer, fresh_database), mail_id)
        assert await mails(fresh_database) == [("FAILED", 2, "the server refused the mail: 554")]
        await send_mail(fresh_database, to(peer, fresh_database), mail_id)
    assert peer.mails == []


async def test_a_connection_that_breaks_after_the_server_took_it_does_not_send_it_again(fresh_database: Database):
    async with running() as peer:
        await a_paid_order(fresh_database)
        peer.drops_after_data = True
        await work(fresh_database, to(peer, fresh_database))
    assert len(peer.mails) == 1
    assert await mails(fresh_database) == [("SENT", 1, "")]


async def test_workers_side_by_side_send_it_once(fresh_database: Database):
    async with running() as peer:
        await a_paid_order(fresh_database)
        (mail_id,) = await mail_ids(fresh_database)
        async with asyncio.TaskGroup() as workers:
            for _ in range(4):
                workers.create_task(send_mail(fresh_database, to(peer, fresh_database), mail_id))
    assert len(peer.mails) == 1


async def test_a_refused_recipient_is_named_nowhere(fresh_database: Database, capsys: pytest.CaptureFixture[str]):
    async with running() as peer:
        person_id = await a_paid_order(fresh_database)
        peer.refused = "550 no such user"
        await work(fresh_database, to(peer, fresh_database))
    assert await mails(fresh_database) == [("FAILED", 1, "the server refused the recipient: 550")]
    async with fresh_database.read() as db:
        email = await db.scalar(text("SELECT email FROM people WHERE person_id = :id"), {"id": person_id})
    assert email not in capsys.readouterr().out


async def test_who_has_no_address_or_wants_none_gets_none(fresh_database: Database):
    await a_paid_order(fresh_database, email=None)
    assert await mails(fresh_database) == []
    async with fresh_database.begin() as db:
        person_id = await a_person(db)
        await message_actions.choose_mail(db, person_id=person_id, choices={"order": False})
    inbox = Inbox(lambda: fresh_database, UnreadCounts(lambda: fresh_database), sends_mail=True, ring=lambda: None)
    await inbox.apply([envelope(paid(person_id, a_part(uuid4())))])
    assert await mails(fresh_database) == []


async def test_a_folder_takes_mails_as_files(fresh_database: Database, tmp_path: Path):
    await a_paid_order(fresh_database)
    await work(fresh_database, settings_for(fresh_database, (tmp_path / "mail").as_uri()))
    (file,) = (tmp_path / "mail").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["Subject"].startswith("【助农】订单 ZN")


async def test_the_link_in_a_mail_ends_such_mails_by_its_button_only(client: AsyncClient, db: AsyncSession):
    person_id = await a_person(db)
    token = unsubscribe_token(person_id, "order", key=base64.b64decode(MASTER_KEY))
    path = f"/mail/unsubscribe/order/{token}"
    count = text("SELECT count(*) FROM message_preferences WHERE NOT is_mailed")
    assert (await client.get(path)).status_code == 200
    assert await db.scalar(count) == 0
    for _ in range(2):  # a mail program's one click: no cookie, no token of ours
        done = await client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
    assert await db.scalar(count) == 1
    wrong = await client.post(f"/mail/unsubscribe/parcel/{token}", headers={"accept": "application/json"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "unsubscribe-link-wrong")
