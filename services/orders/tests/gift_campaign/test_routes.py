"""Campaigns over HTTP: who may what, the whole way to the locked roster, refusals and replays."""

from datetime import timedelta
from uuid import uuid4

from orders.budget import actions as budget_actions
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.gift_factories import campaign_at
from services.orders.tests.unit_factories import unit
from shared.clock import business_day, utc_now
from shared.ids import new_id

PAPER = b"%PDF-1.7 minutes"


def body(**given):
    today = business_day(utc_now())
    plan = {
        "name": "中秋慰问",
        "holiday_codes": ["MID_AUTUMN"],
        "year": 2026,
        "per_head_fen": 20_000,
        "planned_count": 10,
        "budget_fen": 200_000,
        "roster_cutoff_on": "2026-11-01",
        "mode": "CLAIM_CODE",
        "publicity_from_on": today.isoformat(),
        "publicity_until_on": (today + timedelta(days=2)).isoformat(),
        "claim_from_at": (utc_now() + timedelta(days=4)).isoformat(),
        "claim_until_at": (utc_now() + timedelta(days=14)).isoformat(),
    }
    return {**plan, **given}


def union_of(made, as_caller, *roles, person_id=None):
    return as_caller(
        kind="institution",
        organisation_id=made.organisation_id,
        roles=roles or ("union",),
        **({"person_id": person_id} if person_id else {}),
    )


def once(headers):
    return {**headers, "Idempotency-Key": str(uuid4())}


async def test_a_plan_is_drafted_packed_submitted_and_papers_attached(client, db, as_caller):
    made = await unit(db)
    headers = union_of(made, as_caller)
    await budget_actions.grant(
        db,
        unit_id=made.unit_id,
        year=business_day(utc_now()).year,
        fund="UNION",
        amount_fen=300_000,
        entry_id=new_id(),
        reason="",
        by=None,
        now=NOW,
    )
    first = await client.post("/v1/gift-campaigns", json=body(), headers=once(headers))
    assert first.status_code == 201, first.text
    campaign = first.json()
    path = f"/v1/gift-campaigns/{campaign['campaign_id']}"
    goods = [await listed_sku(db, stock=20, price_fen=10_000) for _ in range(2)]
    packed = await client.put(
        f"{path}/packages",
        json={
            "packages": [
                {
                    "name": "山货礼包",
                    "planned_count": 10,
                    "lines": [{"sku_id": str(each.sku_id), "quantity": 1} for each in goods],
                }
            ]
        },
        headers={**headers, "If-Match": '"1"'},
    )
    assert packed.status_code == 200, packed.text
    assert packed.headers["ETag"] == '"2"'
    assert [each["price_fen"] for each in packed.json()["packages"]] == [20_000]
    paper = await client.post(f"{path}/documents?kind=MINUTES&name=会议纪要.pdf", content=PAPER, headers=headers)
    twin = await client.post(f"{path}/documents?kind=MINUTES&name=会议纪要.pdf", content=PAPER, headers=headers)
    assert (paper.status_code, paper.json()["document_id"]) == (201, twin.json()["document_id"])
    shown = await client.get(f"{path}/documents/{paper.json()['document_id']}", headers=headers)
    assert (shown.content, shown.headers["content-type"]) == (PAPER, "application/pdf")
    sent = await client.post(f"{path}/submit", json={}, headers={**once(headers), "If-Match": '"3"'})
    assert (sent.status_code, sent.json()["status"]) == (200, "SUBMITTED"), sent.text
    trail = (await client.get(f"{path}/trail", headers=headers)).json()["items"]
    assert [each["verb"] for each in trail] == ["draft", "pack", "attach", "submit"]


async def test_the_same_request_again_drafts_one_plan(client, db, as_caller):
    made = await unit(db)
    headers, plan = once(union_of(made, as_caller)), body()
    first = await client.post("/v1/gift-campaigns", json=plan, headers=headers)
    again = await client.post("/v1/gift-campaigns", json=plan, headers=headers)
    assert (first.status_code, again.json()) == (201, first.json())
    listed = await client.get("/v1/gift-campaigns", headers=headers)
    assert len(listed.json()["items"]) == 1


async def test_only_the_unions_people_change_a_campaign(client, db, as_caller):
    made = await unit(db)
    campaign = await campaign_at(db, of=made)
    path = f"/v1/gift-campaigns/{campaign.campaign_id}"
    match = {"If-Match": f'"{campaign.revision}"'}
    buyer = await client.put(path, json=body(), headers={**union_of(made, as_caller, "buyer"), **match})
    stranger = await client.put(path, json=body(), headers={**union_of(await unit(db), as_caller), **match})
    consumer = await client.post("/v1/gift-campaigns", json=body(), headers=once(as_caller()))
    assert [(each.status_code, each.json()["code"]) for each in (buyer, stranger, consumer)] == [
        (403, "duty-missing"),
        (404, "gift-campaign-unknown"),
        (403, "unit-needed"),
    ]
    await db.refresh(campaign)
    assert campaign.name == "中秋慰问"


async def test_who_oversees_the_unit_reads_figures_and_no_names(client, db, as_caller):
    above = await unit(db)
    made = await unit(db, parent_id=above.unit_id)
    campaign = await campaign_at(db, "PUBLICITY", of=made)
    path = f"/v1/gift-campaigns/{campaign.campaign_id}"
    for headers in (
        union_of(above, as_caller),
        as_caller(kind="official", roles=("finance_office",), regions=("420000",)),
    ):
        assert (await client.get(path, headers=headers)).json()["roster"]["eligible_count"] == 3
        for names in ("members", "publicity", "trail"):
            assert (await client.get(f"{path}/{names}", headers=headers)).status_code == 404
    assert (await client.get(path, headers=union_of(await unit(db), as_caller))).status_code == 404


async def test_an_edit_needs_the_version_that_it_edits(client, db, as_caller):
    made = await unit(db)
    campaign = await campaign_at(db, of=made)
    path, headers = f"/v1/gift-campaigns/{campaign.campaign_id}", union_of(made, as_caller)
    missing = await client.put(path, json=body(), headers=headers)
    stale = await client.put(path, json=body(), headers={**headers, "If-Match": '"1"'})
    fresh = await client.put(path, json=body(name="端午慰问"), headers={**headers, "If-Match": '"2"'})
    assert [each.status_code for each in (missing, stale, fresh)] == [428, 412, 200]
    assert (fresh.json()["name"], fresh.headers["ETag"]) == ("端午慰问", '"3"')


async def test_a_plan_over_the_cap_is_refused_with_the_figure_and_its_source(client, db, as_caller):
    headers = union_of(await unit(db, county_code="340104"), as_caller)
    over = await client.post(
        "/v1/gift-campaigns",
        json=body(year=2024, per_head_fen=150_001, budget_fen=2_000_000),
        headers=once(headers),
    )
    assert (over.status_code, over.json()["code"], over.json()["cap_fen"]) == (422, "over-yearly-cap", 150_000)
    assert "feifmx.com" in over.json()["source"]
    policy = (await client.get("/v1/gift-campaigns/policy?year=2026", headers=headers)).json()
    assert (policy["yearly_cap_fen"], len(policy["holidays"])) == (200_000, 7)


async def test_choosing_and_giving_up_need_a_reason(client, db, as_caller):
    made = await unit(db)
    campaign = await campaign_at(db, "PLAN_APPROVED", of=made)
    headers = {**once(union_of(made, as_caller)), "If-Match": f'"{campaign.revision}"'}
    for verb in ("choose", "cancel"):
        refused = await client.post(f"/v1/gift-campaigns/{campaign.campaign_id}/{verb}", json={}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "reason-missing")


async def test_a_paper_that_is_none_is_refused(client, db, as_caller):
    made = await unit(db)
    campaign = await campaign_at(db, of=made)
    path, headers = f"/v1/gift-campaigns/{campaign.campaign_id}/documents", union_of(made, as_caller)
    program = await client.post(f"{path}?kind=MINUTES&name=a.exe", content=b"MZ", headers=headers)
    nameless = await client.post(f"{path}?kind=QUOTE&name=a.pdf", content=PAPER, headers=headers)
    assert [(each.status_code, each.json()["code"]) for each in (program, nameless)] == [
        (415, "file-type-not-accepted"),
        (422, "quote-incomplete"),
    ]


async def test_the_list_is_searched_paged_and_exported(client, db, as_caller):
    made = await unit(db)
    for number, name in enumerate(("端午慰问", "中秋慰问", "国庆慰问")):
        await campaign_at(db, of=made, name=name, now=NOW + timedelta(hours=number))
    headers = union_of(made, as_caller)
    first = (await client.get("/v1/gift-campaigns?limit=2", headers=headers)).json()
    rest = (await client.get(f"/v1/gift-campaigns?limit=2&cursor={first['next_cursor']}", headers=headers)).json()
    found = (await client.get("/v1/gift-campaigns?q=中秋&status=DRAFT&year=2026", headers=headers)).json()
    names = [[each["name"] for each in page["items"]] for page in (first, rest, found)]
    assert names == [["国庆慰问", "中秋慰问"], ["端午慰问"], ["中秋慰问"]]
    file = await client.get("/v1/gift-campaigns/export", headers=headers)
    assert file.text.splitlines()[1].startswith("国庆慰问,示范第一中学,中秋节,2026,200.0,10,2000.0,提货码自选,草稿")
