"""Opening an account and changing it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account import queries, rules
from gateway.account.models import Person
from shared.errors import Conflict
from shared.etag import ensure_fresh

Language = Literal["zh", "en"]


async def open_account(
    db: AsyncSession,
    *,
    person_id: UUID,
    display_name: str,
    email: str | None = None,
    phone: str | None = None,
    password_hash: str,
    language: Language = "zh",
    now: datetime,
) -> Person:
    """Enter a person whose password is hashed already (`gateway.passwords`).

    Of two at once with one address the database lets one through: 409 `email-taken` or `phone-taken`.
    """
    rules.ensure_reachable(email, phone)
    values = {
        "person_id": person_id,
        "email": None if email is None else rules.normal_email(email),
        "phone": None if phone is None else rules.normal_phone(phone),
        "display_name": display_name,
        "language": language,
        "password_hash": password_hash,
        "password_changed_at": now,
        "created_at": now,
        "revision": 1,
    }
    opened = await db.scalars(insert(Person).values(values).on_conflict_do_nothing().returning(Person))
    person = opened.one_or_none()
    if person is None:
        raise await _taken(db, email=values["email"], phone=values["phone"])
    return person


async def _taken(db: AsyncSession, *, email: object, phone: object) -> Conflict:
    owners = await db.execute(
        select(Person.email, Person.phone).where(or_(Person.email == email, Person.phone == phone))
    )
    field = "email" if any(owner.email == email for owner in owners if email is not None) else "phone"
    what = "e-mail address" if field == "email" else "telephone number"
    return Conflict(f"There is an account with this {what}: sign in instead.", code=f"{field}-taken", field=field)


async def change_profile(
    db: AsyncSession, *, person_id: UUID, display_name: str | None, language: Language | None, expected_revision: int
) -> Person:
    """Change how a person is addressed; 412 `stale` if somebody changed it since."""
    person = await queries.lock_person(db, person_id)
    ensure_fresh(expected_revision, person.revision)
    if display_name is not None:
        person.display_name = display_name
    if language is not None:
        person.language = language
    person.revision += 1
    await db.flush()
    return person


async def change_password(
    db: AsyncSession, *, person_id: UUID, verified_hash: str, new_hash: str, now: datetime
) -> None:
    """Replace the hash that the present password was checked against. Of two changes at once the second finds another
    hash than it checked: 409 `password-changed-meanwhile`.
    """
    changed = await db.execute(
        update(Person)
        .where(Person.person_id == person_id, Person.password_hash == verified_hash)
        .values(password_hash=new_hash, password_changed_at=now)
        .returning(Person.person_id)
    )
    if changed.first() is None:
        raise Conflict(
            "The password was changed at this very moment. Sign in again.", code="password-changed-meanwhile"
        )
