"""People, offices and employers of the labour register."""

from datetime import date, timedelta
from itertools import count
from uuid import uuid4

import pytest

from catalog.labour import rules

COUNTY = "420325"
_sequence = count(1)


class Town:
    """A county's office and an employer, who speak with the service over HTTP."""

    def __init__(self, client, as_caller):
        self.client = client
        self.as_caller = as_caller
        self.office_id = uuid4()
        self.office = as_caller(kind="official", organisation_id=self.office_id, roles=("township",), regions=(COUNTY,))
        self.outside = as_caller(kind="official", organisation_id=uuid4(), roles=("township",), regions=("430726",))

    @staticmethod
    def key():
        return {"idempotency-key": uuid4().hex}

    @staticmethod
    def number(born="19790412"):
        """An identity number of nobody: its area code does not exist."""
        first = f"990101{born}{next(_sequence) % 1000:03d}"
        return first + rules.check_character(first)

    def worker_body(self, **changes):
        return {
            "identity_number": self.number(),
            "county_code": COUNTY,
            "township": "军店镇",
            "village": "下店子村",
            "health": "able",
            "skills": ["picking", "sorting"],
            "wish_place": "county",
            "wage_from_fen": 300_000,
            **changes,
        }

    async def worker(self, headers=None, **changes):
        answer = await self.client.post(
            "/v1/labour/workers", json=self.worker_body(**changes), headers=headers or self.office
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def employer(self, db, make):
        supplier = await make.supplier(db)
        return self.as_caller(kind="supplier", organisation_id=supplier.supplier_id)

    def job_body(self, **changes):
        return {
            "county_code": COUNTY,
            "township": "军店镇",
            "title": "香菇采摘分拣",
            "skills": ["picking"],
            "wage_from_fen": 300_000,
            "wage_to_fen": 400_000,
            "place_count": 2,
            "until_on": (date.today() + timedelta(days=60)).isoformat(),  # noqa: DTZ011 - any day to come
            **changes,
        }

    async def job(self, headers, **changes):
        answer = await self.client.post("/v1/labour/jobs", json=self.job_body(**changes), headers=headers | self.key())
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def push(self, headers, job, worker):
        return await self.client.post(
            f"/v1/labour/jobs/{job['job_id']}/push",
            json={"worker_id": worker["worker_id"]},
            headers=headers | self.key(),
        )

    async def move(self, headers, placement, verb):
        tag = {"if-match": f'"{placement["revision"]}"'}
        return await self.client.post(
            f"/v1/labour/placements/{placement['placement_id']}/{verb}", headers=headers | tag
        )

    async def worker_now(self, worker):
        return (await self.client.get(f"/v1/labour/workers/{worker['worker_id']}", headers=self.office)).json()


@pytest.fixture
def town(client, as_caller):
    return Town(client, as_caller)


@pytest.fixture
def live_town(live_client, as_caller):
    return Town(live_client, as_caller)
