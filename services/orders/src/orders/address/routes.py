"""The caller's own address book over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from orders.address import actions, queries
from orders.address.schemas import AddressIn, AddressOut
from orders.order.schemas import DeliveryTo
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import Page

router = APIRouter(prefix="/v1/addresses", tags=["addresses"])


@router.get("")
async def list_addresses(caller: CallerDep, db: Read) -> Page[AddressOut]:
    """The whole book, at most 20 entries: the default first, then the one used last."""
    found = await queries.list_addresses(db, caller.person_id)
    return Page(items=[AddressOut.of(each) for each in found], total=len(found))


@router.post("", status_code=201, response_model=AddressOut)
async def save_address(body: AddressIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Keep an address; the first becomes the default, and the same address again is the entry that is there.

    409 `address-book-full`.
    """
    entry = await actions.save_address(
        db,
        address_id=new_id(),
        person_id=caller.person_id,
        address=body.to_address(),
        is_default=body.is_default,
        now=utc_now(),
    )
    return await once.answer(db, AddressOut.of(entry), status=201)


@router.get("/{address_id}")
async def get_address(address_id: UUID, caller: CallerDep, db: Read, response: Response) -> AddressOut:
    """One entry, with its ETag. 404 `address-not-found`."""
    return _shown(
        AddressOut.of(await queries.get_address(db, address_id=address_id, person_id=caller.person_id)), response
    )


@router.put("/{address_id}")
async def revise_address(
    address_id: UUID, body: DeliveryTo, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> AddressOut:
    """Change an entry. 404 `address-not-found`; 409 `address-saved-already`; 412 `stale`; 428."""
    entry = await actions.revise_address(
        db,
        address_id=address_id,
        person_id=caller.person_id,
        address=AddressIn(**body.model_dump()).to_address(),
        expected_revision=expected,
        now=utc_now(),
    )
    return _shown(AddressOut.of(entry), response)


@router.post("/{address_id}/default")
async def make_default(address_id: UUID, caller: CallerDep, db: Db) -> AddressOut:
    """Have a checkout begin with it. Doing it again changes nothing. 404 `address-not-found`."""
    return AddressOut.of(await actions.make_default(db, address_id=address_id, person_id=caller.person_id))


@router.delete("/{address_id}", status_code=204)
async def remove_address(address_id: UUID, caller: CallerDep, db: Db) -> None:
    """Take an entry out; for 30 days it can be restored. 404 `address-not-found`."""
    await actions.remove_address(db, address_id=address_id, person_id=caller.person_id, now=utc_now())


@router.post("/{address_id}/restore")
async def restore_address(address_id: UUID, caller: CallerDep, db: Db) -> AddressOut:
    """Undo a removal. 404 `address-not-found` for one that was never yours or is forgotten; 409 `address-book-full`."""
    entry = await actions.restore_address(db, address_id=address_id, person_id=caller.person_id, now=utc_now())
    return AddressOut.of(entry)


def _shown(entry: AddressOut, response: Response) -> AddressOut:
    response.headers["ETag"] = etag_of(entry.revision)
    return entry
