"""Who calls, remembered for a few seconds, so that a routed request neither asks the database nor signs a token.

What makes a change take effect:
- in this process at once: the action's transaction, when it has committed, forgets the caller (`forget_after`); a
  look-up that was under way then is thrown away and made again;
- everywhere else within 5 seconds: a remembered caller is looked up again after `identity_fresh_seconds` (4).
A request that has been let through before the change runs to its end.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Literal
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account import queries as account_queries
from gateway.credential import actions as credential_actions
from gateway.credential import queries as credential_queries
from gateway.credential.rules import ACCESS_TOKEN_PREFIX, API_KEY_PREFIX, SCOPES, SESSION_PREFIX, secret_hash
from gateway.keyring import Keyring
from gateway.organisation import queries as organisation_queries
from gateway.organisation.queries import OrganisationChoice
from gateway.session import actions as session_actions
from gateway.session import queries as session_queries
from gateway.session.rules import Lifetime, is_touch_due
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Transactions

_REMEMBERED = 50_000
_SECRET_LENGTH = 46
_RENEWED_BEFORE_END = timedelta(seconds=120)  # a service may read a slow upload before it looks at the token


@dataclass(slots=True)
class Identity:
    """A caller and how we know. `credential_id` is the session's, key's or client's id."""

    via: Literal["session", "api-key", "client"]
    credential_id: UUID
    caller: Caller
    expires_at: datetime | None
    display_name: str = ""
    email: str | None = None
    phone: str | None = None
    language: str | None = None
    organisation: OrganisationChoice | None = None
    organisations: tuple[OrganisationChoice, ...] = ()
    internal_token: str = field(default="", repr=False)
    internal_token_until: float = 0.0
    looked_up_at: float = 0.0


class Identities:
    """Finds the caller behind a session token, an API key or an access token."""

    def __init__(
        self,
        transactions: Callable[[], Transactions],
        keyring: Keyring,
        *,
        lifetime: Lifetime,
        fresh_seconds: float,
        token_lifetime: timedelta,
    ) -> None:
        self._transactions = transactions
        self._keyring = keyring
        self._lifetime = lifetime
        self._fresh_seconds = fresh_seconds
        self._token_lifetime = token_lifetime
        self._known: dict[str, Identity] = {}
        self._pending: dict[str, asyncio.Task[Identity | None]] = {}
        self._forgotten_count = 0

    async def find(self, secret: str) -> Identity | None:
        """The caller with this secret, or None if nobody has it (any more)."""
        known = self._known.get(secret)
        moment = monotonic()
        if known is not None and moment - known.looked_up_at < self._fresh_seconds:
            if moment >= known.internal_token_until:
                self._renew_token(known, moment)
            return known
        if len(secret) != _SECRET_LENGTH or not secret.isascii():
            return None
        return await self._look_up_together(secret)

    async def _look_up_together(self, secret: str) -> Identity | None:
        """Requests that come while a look-up runs wait for it instead of making their own."""
        pending = self._pending.get(secret)
        if pending is None:
            pending = asyncio.create_task(self._look_up_until_settled(secret))
            self._pending[secret] = pending
            pending.add_done_callback(lambda task: self._settle(secret, task))
        return await asyncio.shield(pending)

    def _settle(self, secret: str, task: asyncio.Task[Identity | None]) -> None:
        if self._pending.get(secret) is task:
            del self._pending[secret]
        if not task.cancelled():
            task.exception()  # those who waited have it; nobody may be left

    async def _look_up_until_settled(self, secret: str) -> Identity | None:
        while True:
            forgotten_count = self._forgotten_count
            moment = monotonic()
            identity = await self._look_up(secret, utc_now())
            if forgotten_count == self._forgotten_count:
                break
        if identity is None:
            self._known.pop(secret, None)
            return None
        identity.looked_up_at = moment
        self._keep(secret, identity, moment)
        return identity

    def _keep(self, secret: str, identity: Identity, moment: float) -> None:
        before = self._known.pop(secret, None)
        if before is not None and before.caller == identity.caller and moment < before.internal_token_until:
            identity.internal_token = before.internal_token
            identity.internal_token_until = before.internal_token_until
        else:
            self._renew_token(identity, moment)
        if len(self._known) >= _REMEMBERED:
            for oldest in list(self._known)[: _REMEMBERED // 10]:
                del self._known[oldest]
        self._known[secret] = identity

    def _renew_token(self, identity: Identity, moment: float) -> None:
        identity.internal_token = self._keyring.issue(identity.caller, now=utc_now(), lifetime=self._token_lifetime)
        identity.internal_token_until = moment + (self._token_lifetime - _RENEWED_BEFORE_END).total_seconds()

    def forget(self, subject: UUID) -> None:
        """Look the person, client or member of the organisation up again at the next request."""
        self._forgotten_count += 1
        gone = [
            secret
            for secret, identity in self._known.items()
            if subject in (identity.caller.person_id, identity.caller.organisation_id)
        ]
        for secret in gone:
            del self._known[secret]
        self._pending.clear()

    def forget_after(self, db: AsyncSession, subject: UUID) -> None:
        """`forget` once the transaction of this session has committed; nothing if it is rolled back."""
        event.listen(db.sync_session, "after_commit", lambda _: self.forget(subject), once=True)

    async def _look_up(self, secret: str, now: datetime) -> Identity | None:
        async with self._transactions().read() as db:
            if secret.startswith(SESSION_PREFIX):
                return await self._of_session(db, secret, now)
            if secret.startswith(API_KEY_PREFIX):
                return await self._of_key(db, secret, now)
            if secret.startswith(ACCESS_TOKEN_PREFIX):
                return await _of_access_token(db, secret, now)
            return None

    async def _of_session(self, db: AsyncSession, secret: str, now: datetime) -> Identity | None:
        session = await session_queries.find_live(db, token_hash=secret_hash(secret), now=now)
        if session is None:
            return None
        if is_touch_due(self._lifetime, last_seen_at=session.last_seen_at, now=now):
            await session_actions.touch(db, session, lifetime=self._lifetime, now=now)
        identity = await _of_person(db, session.person_id, session.organisation_id, scopes=SCOPES)
        if identity is not None:
            identity.credential_id = session.session_id
            identity.expires_at = session.expires_at
        return identity

    async def _of_key(self, db: AsyncSession, secret: str, now: datetime) -> Identity | None:
        key = await credential_queries.find_live_key(db, key_hash=secret_hash(secret), now=now)
        if key is None:
            return None
        await credential_actions.note_use(db, key_id=key.key_id, now=now)
        identity = await _of_person(db, key.person_id, key.organisation_id, scopes=frozenset(key.scopes))
        if identity is not None:
            identity.via = "api-key"
            identity.credential_id = key.key_id
            identity.expires_at = key.expires_at
        return identity


async def _of_person(
    db: AsyncSession, person_id: UUID, organisation_id: UUID | None, *, scopes: frozenset[str]
) -> Identity | None:
    """Who acts for an organisation to which the person no longer belongs is nobody."""
    person = await account_queries.find_person(db, person_id)
    choices = await organisation_queries.list_choices(db, person_id)
    chosen = next((each for each in choices if each.organisation_id == organisation_id), None)
    if person is None or (organisation_id is not None and chosen is None):
        return None
    caller = (
        Caller(person_id, scopes=scopes)
        if chosen is None
        else Caller(person_id, chosen.organisation_id, chosen.kind, chosen.roles, chosen.regions, scopes)
    )
    return Identity(
        via="session",
        credential_id=person_id,
        caller=caller,
        expires_at=None,
        display_name=person.display_name,
        email=person.email,
        phone=person.phone,
        language=person.language,
        organisation=chosen,
        organisations=choices,
    )


async def _of_access_token(db: AsyncSession, secret: str, now: datetime) -> Identity | None:
    found = await credential_queries.find_live_token(db, token_hash=secret_hash(secret), now=now)
    if found is None:
        return None
    token, client = found
    organisation = await organisation_queries.get_organisation(db, client.organisation_id)
    caller = Caller(
        person_id=client.client_id,
        organisation_id=organisation.organisation_id,
        kind=organisation.kind,
        roles=frozenset(client.roles),
        regions=tuple(organisation.regions),
        scopes=frozenset(token.scopes),
    )
    return Identity(
        via="client",
        credential_id=client.client_id,
        caller=caller,
        expires_at=token.expires_at,
        display_name=client.name,
    )
