"""The sample service: it keeps things, announces them, and listens to itself."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import Integer, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.app import Service
from shared.auth import CallerDep
from shared.db import Db, Read, new_metadata
from shared.errors import Conflict, NotFound
from shared.etag import IfMatch, ensure_fresh
from shared.events.logistics import ShipmentCreated
from shared.idempotency import Once
from shared.ids import new_id
from shared.jobs import Jobs
from shared.outbox import publish
from shared.settings import ServiceSettings


class Base(DeclarativeBase):
    metadata = new_metadata()


class Thing(Base):
    __tablename__ = "things"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


class SampleSettings(ServiceSettings):
    database_url: str = ""


class NewThing(BaseModel):
    name: str
    count: int


jobs = Jobs("sample")
router = APIRouter()


@router.post("/v1/things", status_code=201)
async def add_thing(body: NewThing, db: Db, caller: CallerDep, once: Once) -> Response:
    """Keep a thing and announce it."""
    await db.execute(text("INSERT INTO things VALUES (:name, :count)"), {"name": body.name, "count": body.count})
    await publish(db, created(caller.person_id), now=datetime.now(UTC))
    return await once.answer(db, body, status=201)


@router.put("/v1/things/{name}")
async def set_thing(name: str, body: NewThing, db: Db, expected: IfMatch) -> NewThing:
    """Set the count; the count is the revision."""
    found = await db.scalar(text("SELECT count FROM things WHERE name = :name FOR UPDATE"), {"name": name})
    if found is None:
        raise NotFound("There is no such thing.", code="thing-not-found")
    ensure_fresh(expected, found)
    await db.execute(text("UPDATE things SET count = :count WHERE name = :name"), {"name": name, "count": body.count})
    return body


@router.get("/v1/things/{name}")
async def get_thing(name: str, db: Read) -> NewThing:
    """One thing."""
    found = (await db.execute(text("SELECT name, count FROM things WHERE name = :name"), {"name": name})).first()
    if found is None:
        raise NotFound("There is no such thing.", code="thing-not-found")
    return NewThing(name=found.name, count=found.count)


@router.get("/v1/taken")
async def refuse() -> None:
    """A refusal whose extra member has the name of a problem's own."""
    raise Conflict("It is taken.", code="taken", status="RESERVED", thing="a")


@router.get("/v1/fault")
async def fail() -> None:
    """A mistake of ours."""
    raise ZeroDivisionError


def created(supplier_id: UUID) -> ShipmentCreated:
    """Any event will do."""
    return ShipmentCreated(
        shipment_id=new_id(),
        order_id=new_id(),
        supplier_order_id=new_id(),
        supplier_id=supplier_id,
        created_at=datetime.now(UTC),
    )


service = Service(
    name="logistics",  # the source of the event that it borrows
    title="Sample",
    settings=SampleSettings,
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=[router],
    jobs=jobs,
)
