"""Credit over HTTP: who reports, who decides, who sees; objections, repair, shared lists."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.credit import actions
from catalog.credit import queries as credit_queries
from shared.clock import business_day, utc_now
from shared.testing import NOW

COUNTY = "420325"
PDF = b"%PDF-1.7\n" + b"0" * 32


def once():
    return {"idempotency-key": uuid4().hex}


class Desk:
    def __init__(self, supplier, as_caller):
        self.supplier_id = str(supplier.supplier_id)
        self.uscc = supplier.uscc
        self.supplier = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
        self.market = self.official(as_caller, "market_supervision")
        self.colleague = self.official(as_caller, "market_supervision")
        self.agriculture = self.official(as_caller, "agriculture")
        self.elsewhere = self.official(as_caller, "market_supervision", "430000")
        self.consumer = as_caller()

    @staticmethod
    def official(as_caller, role, region=COUNTY):
        return as_caller(kind="official", organisation_id=uuid4(), roles=(role,), regions=(region,))

    def event(self, **given):
        return {
            "supplier_id": self.supplier_id,
            "kind": "sampling_failed",
            "summary": "农残超标",
            "reference": uuid4().hex,
            "occurred_on": "2026-05-01",
        } | given


@pytest.fixture
async def desk(db, make, as_caller):
    supplier = await make.supplier(db)
    await make.listed_product(db, supplier_id=supplier.supplier_id)
    return Desk(supplier, as_caller)


async def placed(client, desk, which="ABNORMAL"):
    body = {"supplier_id": desk.supplier_id, "list": which, "basis": "市监处〔2026〕8号"}
    proposed = await client.post("/v1/credit-placements", json=body, headers=desk.agriculture | once())
    assert proposed.status_code == 201, proposed.text
    return await decide(client, proposed.json()["placement_id"], "place", desk.market, '"1"')


async def decide(client, placement, verb, headers, match):
    return await client.post(
        f"/v1/credit-placements/{placement}/{verb}", json={"reason": "属实"}, headers=headers | {"if-match": match}
    )


async def appeal(client, desk, kind, subject_kind, subject_id, documents=()):
    body = {"kind": kind, "subject_kind": subject_kind, "subject_id": subject_id, "statement": "已改正"}
    body["document_ids"] = list(documents)
    return await client.post("/v1/credit-appeals", json=body, headers=desk.supplier | once())


async def answer(client, appeal_id, verb, headers, match='"1"'):
    return await client.post(
        f"/v1/credit-appeals/{appeal_id}/{verb}", json={"answer": "核实过"}, headers=headers | {"if-match": match}
    )


async def test_an_event_counts_once_and_fades_from_the_score(client, desk):
    body = desk.event()
    first = await client.post("/v1/credit-events", json=body, headers=desk.market | once())
    again = await client.post("/v1/credit-events", json=body, headers=desk.market | once())
    assert (first.status_code, first.json()["points"], first.json()["severity"]) == (201, -20, "serious")
    assert again.json()["event_id"] == first.json()["event_id"]
    credit = (await client.get(f"/v1/suppliers/{desk.supplier_id}/credit", headers=desk.supplier)).json()
    age = (business_day(utc_now()) - business_day(NOW).replace(month=5, day=1)).days
    assert credit["score"] == 100 - 20 * max(0, 730 - age) // 730
    assert (credit["lists"], credit["is_banned"]) == ([], False)
    own = (await client.get("/v1/credit-events", headers=desk.supplier)).json()["items"]
    assert [each["reference"] for each in own] == [body["reference"]]
    for words, found in ((body["reference"].upper(), 1), ("无此", 0)):
        asked = await client.get("/v1/credit-events", params={"q": words}, headers=desk.supplier)
        assert len(asked.json()["items"]) == found
    assert (await client.get("/v1/credit-events", headers=desk.elsewhere)).json()["items"] == []


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"kind": "nonsense"}, 422, "kind-unknown"),
        ({"occurred_on": "2099-01-01"}, 422, "date-in-future"),
        ({"supplier_id": str(uuid4())}, 404, "supplier-unknown"),
        ({"document_id": str(uuid4())}, 422, "document-unknown"),
    ],
)
async def test_what_is_wrong_with_an_event_is_said(client, desk, given, status, code):
    refused = await client.post("/v1/credit-events", json=desk.event(**given), headers=desk.market | once())
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_only_market_supervision_of_the_county_places(client, desk):
    body = {"supplier_id": desk.supplier_id, "list": "ABNORMAL", "basis": "八号"}
    for who, code in ((desk.supplier, "officials-only"), (desk.elsewhere, "not-your-region")):
        refused = await client.post("/v1/credit-placements", json=body, headers=who | once())
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    proposed = (await client.post("/v1/credit-placements", json=body, headers=desk.agriculture | once())).json()
    twice = await client.post("/v1/credit-placements", json=body, headers=desk.market | once())
    assert (twice.status_code, twice.json()["code"]) == (409, "placement-open")
    placement = proposed["placement_id"]
    wrong = await decide(client, placement, "place", desk.agriculture, '"1"')
    assert (wrong.status_code, wrong.json()["code"]) == (403, "role-missing")
    stale = await decide(client, placement, "place", desk.market, '"9"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (await client.get("/v1/credit-placements")).json()["items"] == []  # nothing is public before a decision
    done = await decide(client, placement, "place", desk.market, '"1"')
    assert (done.json()["status"], done.json()["starts_on"]) == ("IN_FORCE", str(business_day(utc_now())))
    by_code = (await client.get(f"/v1/credit-placements?q={desk.uscc}")).json()["items"]
    assert [each["list"] for each in by_code] == ["ABNORMAL"]
    assert "status_reason" not in by_code[0]
    sheet = await client.get("/v1/credit-placements/export?format=csv")
    assert "经营异常名录" in sheet.content.decode("utf-8-sig")


async def test_an_upheld_objection_lifts_the_placement_and_is_reviewed_by_another(client, desk):
    placement = (await placed(client, desk, "SERIOUSLY_DISHONEST")).json()["placement_id"]
    assert (await client.get("/v1/products")).json()["items"] == []
    raised = await appeal(client, desk, "objection", "placement", placement)
    twice = await appeal(client, desk, "objection", "placement", placement)
    for words, found in (("改正", 1), ("无此", 0)):
        asked = await client.get("/v1/credit-appeals", params={"q": words}, headers=desk.supplier)
        assert len(asked.json()["items"]) == found
    sheet = await client.get("/v1/credit-appeals/export?format=csv&status=OPEN", headers=desk.supplier)
    assert [line.split(",")[2:5] for line in sheet.text.splitlines()[1:]] == [["异议", "已改正", "待处理"]]
    assert (raised.status_code, twice.json()["code"]) == (201, "appeal-open")
    own = await answer(client, raised.json()["appeal_id"], "grant", desk.market)
    assert (own.status_code, own.json()["code"]) == (403, "decided-before")
    granted = await answer(client, raised.json()["appeal_id"], "grant", desk.colleague)
    assert granted.json()["status"] == "GRANTED"
    detail = (await client.get(f"/v1/credit-placements/{placement}", headers=desk.supplier)).json()
    assert (detail["status"], [each["verb"] for each in detail["trail"]]) == ("LIFTED", ["propose", "place", "lift"])
    assert len((await client.get("/v1/products")).json()["items"]) == 1
    over = await answer(client, raised.json()["appeal_id"], "refuse", desk.colleague, '"2"')
    assert (over.status_code, over.json()["code"]) == (409, "appeal-status")


async def test_a_repair_needs_proof_and_time_and_no_relapse(client, db, desk):
    placement = (await placed(client, desk, "SERIOUSLY_DISHONEST")).json()["placement_id"]
    early = await appeal(client, desk, "repair", "placement", placement)
    assert (early.status_code, early.json()["code"]) == (409, "repair-too-early")
    await db.execute(text("UPDATE credit_placements SET starts_on = starts_on - 400"))
    bare = await appeal(client, desk, "repair", "placement", placement)
    assert (bare.status_code, bare.json()["code"]) == (422, "correction-missing")
    late = await appeal(client, desk, "objection", "placement", placement)
    assert (late.status_code, late.json()["code"]) == (409, "objection-too-late")
    document = await client.post(
        f"/v1/documents?name=整改报告&county_code={COUNTY}", content=PDF, headers=desk.supplier
    )
    event = (await client.post("/v1/credit-events", json=desk.event(), headers=desk.market | once())).json()
    relapsed = await appeal(client, desk, "repair", "placement", placement, [document.json()["document_id"]])
    assert (relapsed.status_code, relapsed.json()["code"]) == (409, "repair-relapsed")
    objection = (await appeal(client, desk, "objection", "event", event["event_id"])).json()
    assert (await answer(client, objection["appeal_id"], "grant", desk.colleague)).json()["status"] == "GRANTED"
    assert (await credit_queries.get_event(db, event["event_id"])).status == "STRUCK"
    repair = await appeal(client, desk, "repair", "placement", placement, [document.json()["document_id"]])
    assert repair.status_code == 201
    await answer(client, repair.json()["appeal_id"], "grant", desk.colleague)
    assert (await credit_queries.get_placement(db, placement)).status == "REPAIRED"
    assert (await client.get("/v1/credit-placements")).json()["items"] == []  # its past is not public


async def test_the_exemplary_list_cannot_be_repaired_and_its_past_is_public(client, db, desk):
    placement = (await placed(client, desk, "EXEMPLARY")).json()["placement_id"]
    refused = await appeal(client, desk, "repair", "placement", placement)
    assert (refused.status_code, refused.json()["code"]) == (409, "repair-not-possible")
    await actions.end_due(db, now=utc_now() + timedelta(days=900))
    assert [each["status"] for each in (await client.get("/v1/credit-placements")).json()["items"]] == ["ENDED"]


async def test_a_shared_list_is_taken_once_and_names_its_hits(client, desk):
    head = "统一社会信用代码,名称,名单,事由,文号,列入日期,截止日期\r\n"
    lines = (
        f"{desk.uscc},某社,严重违法失信名单,合同欺诈,冀信〔2026〕1号,2026-03-01,\r\n"
        "91420325MA00000000,别家,经营异常名录,失联,冀信〔2026〕2号,2026/03/02,2029-03-01\r\n"
    )
    file = (head + lines).encode("gb18030")
    send = {"headers": desk.market, "content": file}
    first = (await client.post("/v1/credit-shares?source=河北省信用办", **send)).json()
    assert (first["line_count"], first["known_count"], [each["uscc"] for each in first["hits"]]) == (2, 0, [desk.uscc])
    assert {each["outcome"] for each in first["lines"]} == {"hit", "new"}
    assert [each["number"] for each in first["lines"]] == [2, 3]
    second = (await client.post("/v1/credit-shares?source=河北省信用办", **send)).json()
    assert (second["known_count"], second["hits"]) == (2, [])
    events = (await client.get("/v1/credit-events", headers=desk.supplier)).json()["items"]
    assert [(each["source"], each["kind"]) for each in events] == [("import", "shared_list")]
    hits = (await client.get("/v1/credit-shares/hits", headers=desk.market)).json()["items"]
    assert [each["document_number"] for each in hits] == ["冀信〔2026〕1号"]
    assert (await client.get("/v1/credit-shares/hits", headers=desk.elsewhere)).json()["items"] == []
    for words, found in (("河北", 1), ("冀信〔2026〕1", 1), ("无此", 0)):
        asked = await client.get("/v1/credit-shares/hits", params={"q": words}, headers=desk.market)
        assert len(asked.json()["items"]) == found
    sheet = await client.get("/v1/credit-shares/hits/export?format=csv", headers=desk.market)
    heads = sheet.content.decode("utf-8-sig").splitlines()[0].split(",")
    assert (heads[0], heads[-1], len(heads)) == ("统一社会信用代码", "来源", 8)
    assert "冀信〔2026〕1号" in sheet.text
    assert (await client.get("/v1/credit-shares/hits/export?format=csv", headers=desk.supplier)).status_code == 403
    wrong = await client.post("/v1/credit-shares?source=x", headers=desk.market, content=(head + ",,没有,,,昨天,\r\n"))
    faults = wrong.json()["faults"]
    assert (wrong.status_code, wrong.json()["code"]) == (422, "share-lines-invalid")
    assert {(each["line"], each["column"]) for each in faults} >= {
        (2, "统一社会信用代码"),
        (2, "名单"),
        (2, "列入日期"),
    }
    other_head = await client.post("/v1/credit-shares?source=x", headers=desk.market, content=b"a,b\r\n")
    assert other_head.json()["code"] == "share-head-invalid"
    assert (await client.post("/v1/credit-shares?source=x", headers=desk.supplier, content=file)).status_code == 403


async def test_of_two_deciders_at_once_one_decides(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        desk = Desk(await make.supplier(db), as_caller)
    body = {"supplier_id": desk.supplier_id, "list": "ABNORMAL", "basis": "八号"}
    proposed = (await live_client.post("/v1/credit-placements", json=body, headers=desk.market | once())).json()
    answers = await asyncio.gather(
        *(
            decide(live_client, proposed["placement_id"], verb, who, '"1"')
            for verb, who in (("place", desk.market), ("dismiss", desk.colleague)) * 3
        )
    )
    assert sorted(each.status_code for each in answers) == [200, *[412] * 5]


async def test_listing_beside_each_other_never_passes_the_cap(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
        desk = Desk(supplier, as_caller)
        product = await make.product(db, supplier_id=supplier.supplier_id)
        skus = [await make.sku(db, product_id=product.product_id, specification=f"{number}kg") for number in range(8)]
    assert (await placed(live_client, desk)).status_code == 200
    answers = await asyncio.gather(
        *(live_client.post(f"/v1/skus/{sku.sku_id}/list", headers=desk.supplier) for sku in skus)
    )
    assert sorted(each.status_code for each in answers) == [200] * 3 + [409] * 5, [each.text for each in answers]
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM skus WHERE is_listed")) == 3


async def test_an_event_is_read_with_its_trail_by_whom_it_concerns(client, desk):
    event = (await client.post("/v1/credit-events", json=desk.event(), headers=desk.market | once())).json()
    path = f"/v1/credit-events/{event['event_id']}"
    for headers in (desk.supplier, desk.agriculture):
        shown = (await client.get(path, headers=headers)).json()
        assert shown["reference"] == event["reference"]
        assert shown["supplier_name"]
        assert [each["verb"] for each in shown["trail"]] == ["report"]
    for headers in (desk.elsewhere, desk.consumer):
        refused = await client.get(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (404, "event-unknown")
