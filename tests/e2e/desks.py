"""Who sits at the work pages: offices of a county, the platform, a supplier that the catalog knows."""

from itertools import count

from catalog.supplier import actions as supplier_actions
from shared.clock import utc_now
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN
from tests.e2e.people import Person, member
from tests.e2e.reader import Reader

_numbers = count(1)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
"""A picture of one clear pixel."""
PDF = b"%PDF-1.7\n" + b"0" * 64


async def office(house: House, *roles: str, region: str = FANGXIAN, language: str = "zh") -> Reader:
    """An official of a region with these roles."""
    return Reader(house, await member(house, "official", *roles, regions=(region,)), language)


async def operator(house: House, *, language: str = "zh") -> Reader:
    """A reviewer of the platform."""
    return Reader(house, await member(house, "operator", "reviewer", "operator"), language)


async def supplier(house: House, *, language: str = "zh") -> Reader:
    """Somebody of an admitted family farm of 房县."""
    person = await member(house, "supplier", "admin")
    await admit(house, person)
    return Reader(house, person, language)


async def consumer(house: House) -> Reader:
    """Somebody who acts for an institution that buys."""
    return Reader(house, await member(house, "institution", "buyer"))


async def admit(house: House, person: Person) -> None:
    """The catalog knows the person's organisation as a supplier that sells."""
    async with house["catalog"].database.begin() as db:
        await supplier_actions.register_supplier(
            db,
            supplier_id=person.organisation_id,
            kind="family_farm",
            name=f"大山农场{next(_numbers)}号",
            county_code=FANGXIAN,
            now=utc_now(),
            is_admitted=True,
        )
