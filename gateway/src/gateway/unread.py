"""How many messages wait for a person, for the bell of every page: asked of the database at most once in a few seconds.

Reading in this process changes the number at once (`forget_after`); what another replica does is seen when the number
is asked for again.
"""

from collections.abc import Callable, Iterable
from time import monotonic
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.message import queries
from shared.db import Transactions

_FRESH_SECONDS = 10.0
_REMEMBERED = 50_000


class UnreadCounts:
    """The numbers of those who looked at a page lately."""

    def __init__(self, transactions: Callable[[], Transactions]) -> None:
        self._transactions = transactions
        self._known: dict[UUID, tuple[int, float]] = {}

    async def of(self, person_id: UUID) -> int:
        """The person's number, at most ten seconds old."""
        count, until = self._known.get(person_id, (0, 0.0))
        moment = monotonic()
        if moment < until:
            return count
        async with self._transactions().read() as db:
            count = await queries.count_unread(db, person_id)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[person_id] = (count, moment + _FRESH_SECONDS)
        return count

    def forget(self, person_ids: Iterable[UUID]) -> None:
        """Ask again for these."""
        for person_id in person_ids:
            self._known.pop(person_id, None)

    def forget_after(self, db: AsyncSession, person_id: UUID) -> None:
        """`forget` once the transaction of this session has committed."""
        event.listen(db.sync_session, "after_commit", lambda _: self.forget([person_id]), once=True)
