"""Messages go out as e-mail: a job for each, tried again while the server says that it may pass.

At least once: a worker that dies between the server's "250" and its own note sends the mail again, with the same
Message-ID, by which mail programs know it for the same. Logs name mails by id, never their readers.
"""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway import postman
from gateway.account import queries as account_queries
from gateway.account.models import Person
from gateway.housekeeping import jobs
from gateway.keyring import read_master_key
from gateway.mail import actions, rules
from gateway.mail.models import Mail
from gateway.message import actions as message_actions
from gateway.message import queries as message_queries
from gateway.message.actions import Told
from gateway.message.models import Message
from gateway.message.rules import Draft
from gateway.pages.message_text import sentence_of
from gateway.pages.wording import wording
from gateway.settings import GatewaySettings
from gateway.visitor import Language
from shared.clock import utc_now
from shared.db import Database
from shared.log import logger

_LONGEST_SUBJECT = 120
log = logger(__name__)


@jobs.task(retries=5, with_settings=True)
async def send_mail(database: Database, settings: GatewaySettings, mail_id: str) -> None:
    """Send one mail, unless another worker does or did."""
    now = utc_now()
    async with database.begin() as db:
        mail = await actions.claim(db, UUID(mail_id), now=now)
        if mail is None:
            return
        message = await message_queries.find_message(db, mail.message_id)
        person = None if message is None else await account_queries.find_person(db, message.person_id)
    if message is None or person is None or not person.email or not settings.mail_url:
        await _give_up(database, mail, "nobody to send it to, or no way to send it")
        return
    try:
        await postman.send(settings.mail_url, compose(mail, message, person, settings=settings))
    except postman.NotTaken as refusal:
        log.warning("mail not taken", mail_id=mail_id, reason=str(refusal), is_final=refusal.is_final)
        await _try_later(database, mail, refusal)
        return
    async with database.begin() as db:
        await actions.note_sent(db, mail.mail_id, now=utc_now())


@jobs.periodic("* * * * *", with_settings=True)
async def remind_of_payment(database: Database, settings: GatewaySettings) -> None:
    """Each minute: buyers whose orders lapse soon are told, each order once."""
    now = utc_now()
    async with database.begin() as db:
        drafts = await message_actions.payment_reminders(db, now=now)
        await announce(db, drafts, sends_mail=bool(settings.mail_url), now=now)


async def announce(db: AsyncSession, drafts: Sequence[Draft], *, sends_mail: bool, now: datetime) -> list[Told]:
    """Tell people, and queue the mails of those who want them; all in the caller's transaction."""
    told = await message_actions.tell(db, drafts, now=now)
    if sends_mail:
        for mail_id in await actions.plan_mails(db, told, now=now):
            await jobs.defer(db, send_mail, mail_id=mail_id)
    return told


async def _give_up(database: Database, mail: Mail, error: str) -> None:
    async with database.begin() as db:
        await actions.note_failed(db, mail.mail_id, error=error, is_final=True)


async def _try_later(database: Database, mail: Mail, refusal: postman.NotTaken) -> None:
    again_at = None if refusal.is_final else rules.next_try(mail.attempts, now=utc_now())
    async with database.begin() as db:
        await actions.note_failed(db, mail.mail_id, error=str(refusal), is_final=again_at is None)
        if again_at is not None:
            await jobs.defer(db, send_mail, scheduled_at=again_at, mail_id=mail.mail_id)


def compose(mail: Mail, message: Message, person: Person, *, settings: GatewaySettings) -> EmailMessage:
    """The mail in its reader's language: the sentence, the way to the page, and how such mails end (RFC 8058)."""
    language: Language = "en" if person.language == "en" else "zh"
    t = wording(language).mail
    base = settings.public_url.rstrip("/")
    sentence = " ".join(sentence_of(message.template, message.facts, language).split())
    token = rules.unsubscribe_token(person.person_id, message.kind, key=read_master_key(settings))
    end_url = f"{base}/mail/unsubscribe/{message.kind}/{token}"
    composed = EmailMessage()
    name, address = parseaddr(settings.mail_from)
    composed["From"] = Address(name, addr_spec=address)
    composed["To"] = Address(addr_spec=person.email or "")
    composed["Subject"] = f"{t.site}{sentence}"[:_LONGEST_SUBJECT]
    composed["Date"] = format_datetime(message.happened_at)
    composed["Message-ID"] = f"<{mail.mail_id}@{address.rpartition('@')[2]}>"
    composed["List-Unsubscribe"] = f"<{end_url}>"
    composed["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    composed["Auto-Submitted"] = "auto-generated"
    composed["Content-Language"] = "zh-CN" if language == "zh" else "en"
    hello = t.hello(name=" ".join(person.display_name.split()))
    composed.set_content(
        f"{hello}\n\n{sentence}\n\n{base}/messages/{message.message_id}\n\n-- \n{t.end}\n{end_url}\n", cte="base64"
    )
    return composed
