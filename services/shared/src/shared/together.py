"""Several callers' statements in one: while one runs, those that arrive wait, and then go together.

There is no clock in it. Who comes while nobody runs goes at once, so a single caller waits for nobody; the
more callers there are, the more go together, and the fewer round trips, commits and flushes there are for each. Each
statement has one lane: who came first is served first. Every caller gets the rows, or the refusal, that the
statement alone would have given it. What PostgreSQL refuses in company changed nothing, so each of the company is
then run alone and only the culprit is refused. Where the connection is lost, nobody knows what became of the
statement, and all are told so. A caller that goes away is forgotten if its turn has not come, and otherwise served.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError

from shared.db import Database, Transactions
from shared.direct import Direct, Statement, standing_alone
from shared.errors import Unavailable

Values = Mapping[str, Any]
Rows = Sequence[Sequence[Any]]
RunAll = Callable[[Direct, Sequence[Values]], Awaitable[Sequence[Rows]]]
"""Runs a statement for several callers' values, in their order, in one transaction; each one's rows."""

_NOT_CONNECTED = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, AsyncAdapt_asyncpg_dbapi.Error)
_NUMBERED = re.compile(r"\$(\d+)")


def repeated(statement: Statement, types: Mapping[str, str]) -> RunAll:
    """A statement once for each caller, in their order and one round trip; `types` are its parameters' SQL types."""
    columns = [f"CAST(asked.{name} AS {types[name]})" for name in statement.names]
    inner = _NUMBERED.sub(lambda found: columns[int(found[1]) - 1], statement.sql)
    # SELECT hides how many there are, for which each call would be planned anew. Lists travel as their literals,
    # because arrays of PostgreSQL are never ragged.
    lists = ", ".join(f"(SELECT CAST(:{name} AS {_carried(types[name])}[]))" for name in statement.names)
    names = ", ".join(statement.names)
    every = Statement(f"""
        SELECT asked.number, found.*
        FROM unnest({lists}) WITH ORDINALITY AS asked ({names}, number), LATERAL ({inner}) AS found
    """)  # noqa: S608 - only our own text

    async def run_all(direct: Direct, asked: Sequence[Values]) -> Sequence[Rows]:
        values = {
            name: [_literal(each[name]) if types[name].endswith("[]") else each[name] for each in asked]
            for name in statement.names
        }
        found: list[list[Sequence[Any]]] = [[] for _ in asked]
        for number, *row in await every.rows(direct, values):
            found[number - 1].append(row)
        return found

    return run_all


def _carried(sql_type: str) -> str:
    return "text" if sql_type.endswith("[]") else sql_type


def _literal(items: Sequence[Any]) -> str:
    return "{" + ",".join(str(item) for item in items) + "}"


@dataclass(slots=True)
class _Caller:
    values: Values
    answer: asyncio.Future[Rows]


class _Lane:
    """One statement's callers, first come first served."""

    def __init__(self, statement: Statement, run_all: RunAll, most: Callable[[], int]) -> None:
        self._statement = statement
        self._run_all = run_all
        self._most = most
        self._waiting: deque[_Caller] = deque()
        self._is_taken = False
        self._serving: asyncio.Task[None] | None = None

    async def rows(self, transactions: Transactions, values: Values) -> Rows:
        """At once if the lane is free, else with those who wait."""
        caller = _Caller(values, asyncio.get_running_loop().create_future())
        if self._is_taken:
            self._waiting.append(caller)
            return await caller.answer
        self._is_taken = True
        try:
            await asyncio.sleep(0)  # no pause: who is ready in this very turn of the loop comes along
            if not self._waiting:
                return await self._alone(transactions, values)
            self._waiting.appendleft(caller)
        finally:
            if self._waiting:
                self._serving = asyncio.create_task(self._serve(transactions), context=Context(), name="together")
            else:
                self._is_taken = False
        return await caller.answer

    async def _serve(self, transactions: Transactions) -> None:
        try:
            while company := self._next_company():
                await self._serve_company(transactions, company)
        finally:
            self._is_taken = False
            for caller in self._waiting:  # only where the process is being stopped
                caller.answer.cancel()
            self._waiting.clear()

    def _next_company(self) -> list[_Caller]:
        company: list[_Caller] = []
        most = self._most()
        while self._waiting and len(company) < most:
            caller = self._waiting.popleft()
            if not caller.answer.done():
                company.append(caller)
        return company

    async def _serve_company(self, transactions: Transactions, company: list[_Caller]) -> None:
        try:
            found = await self._run(transactions, company)
        except DBAPIError as error:  # nothing was done
            if len(company) == 1:
                _tell(company, error)
            else:
                for caller in company:
                    await self._serve_company(transactions, [caller])
        except Exception as error:  # noqa: BLE001 - it is told to everybody whom it concerns
            _tell(company, error)
        except BaseException:
            _tell(company, asyncio.CancelledError())
            raise
        else:
            for caller, rows in zip(company, found, strict=True):
                if not caller.answer.done():
                    caller.answer.set_result(rows)

    async def _run(self, transactions: Transactions, company: Sequence[_Caller]) -> Sequence[Rows]:
        if len(company) == 1:
            return [await self._alone(transactions, company[0].values)]
        with _telling_of_losses():
            async with standing_alone(transactions) as direct:
                return await self._run_all(direct, [caller.values for caller in company])

    async def _alone(self, transactions: Transactions, values: Values) -> Rows:
        with _telling_of_losses():
            async with standing_alone(transactions) as direct:
                return await self._statement.rows(direct, values)


@contextmanager
def _telling_of_losses() -> Iterator[None]:
    """Nobody knows what became of a statement whose connection was lost."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _lost() from error
        raise
    except _NOT_CONNECTED as error:
        raise _lost() from error


def _lost() -> Unavailable:
    return Unavailable(
        "The database went away, and whether this was done is not known. Send the same request again in a moment.",
        code="database-unavailable",
    )


def _tell(company: Sequence[_Caller], error: BaseException) -> None:
    for caller in company:
        if not caller.answer.done():
            caller.answer.set_exception(error)


class Joined(Direct):
    """A connection in company: a statement that has a lane goes in it, any other takes a connection for itself."""

    __slots__ = ("_lanes", "_transactions")

    def __init__(self, transactions: Transactions, lanes: Mapping[Statement, _Lane]) -> None:
        self.info: dict[Any, Any] = {}
        self._transactions = transactions
        self._lanes = lanes

    async def rows(self, statement: Statement, values: Values) -> Any:
        """The statement's rows."""
        lane = self._lanes.get(statement)
        if lane is not None:
            return await lane.rows(self._transactions, values)
        with _telling_of_losses():
            async with standing_alone(self._transactions) as direct:
                return await statement.rows(direct, values)


class Together:
    """The lanes of an application's process; at most `most` callers go together.

    In the lane of `entrance`, which every caller passes first, no more than half of all who are inside go together:
    else all would move in step, and either the database or this process would always wait. So one half is saved while
    the other is worked on.
    """

    def __init__(self, ways: Mapping[Statement, RunAll], *, most: int, entrance: Statement | None = None) -> None:
        self._most = most
        self._inside = 0
        self._lanes = {
            statement: _Lane(statement, run_all, self._half if statement is entrance else lambda: most)
            for statement, run_all in ways.items()
        }

    @asynccontextmanager
    async def join(self, transactions: Transactions) -> AsyncIterator[Joined]:
        """For one request; what it published is told at the end."""
        joined = Joined(transactions, self._lanes)
        self._inside += 1
        try:
            yield joined
        finally:
            self._inside -= 1
        if isinstance(transactions, Database):
            transactions.bell.ring_committed(joined.info)

    def _half(self) -> int:
        return min(self._most, max(1, self._inside // 2))
