"""Hypothesis machines over real PostgreSQL: each run is one transaction that is rolled back, each step a savepoint."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import create_engine
from shared.errors import Refusal

Result = TypeVar("Result")


class DatabaseMachine(RuleBasedStateMachine):
    """Runs coroutines on one connection of `url`, which a subclass sets."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._runner.run(self._open())

    async def _open(self) -> None:
        self._engine = create_engine(self.url, pool_size=1)
        self._connection = await self._engine.connect()
        self._transaction = await self._connection.begin()

    def do(self, step: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        """Run the step in a savepoint; a refusal rolls it back and is raised."""
        return self._runner.run(self._step(step))

    async def _step(self, step: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        session = AsyncSession(bind=self._connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        async with session, session.begin():
            return await step(session)

    def try_to(self, step: Callable[[AsyncSession], Awaitable[Any]]) -> str:
        """The code of the refusal, or "done"."""
        try:
            self.do(step)
        except Refusal as refusal:
            return refusal.code
        return "done"

    def teardown(self) -> None:
        """Undo everything."""
        self._runner.run(self._close())
        self._runner.close()

    async def _close(self) -> None:
        await self._transaction.rollback()
        await self._connection.close()
        await self._engine.dispose()
