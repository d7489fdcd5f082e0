"""Reviews over HTTP: from a draft to the shelf, changes with their diff, who may decide, and two who decide at once."""

import asyncio
import csv
import io
from uuid import uuid4

import pytest

from shared.events.catalog import NoticeIssued, SkuDelisted, SkuListed, SkuRevised
from shared.testing import published

NEW = {
    "title": "房县干香菇",
    "category": "mushroom",
    "picture": "shiitake",
    "pictures": ["shiitake", "wood_ear"],
    "origin_county_code": "420325",
    "shelf_life_days": 365,
    "description": "海拔八百米的袋料香菇。",
    "tax_basis": "cooperative_own",
    "invoice_name": "干香菇",
    "tax_code": "1010105990000000000",
    "seasons": [{"region_code": "420325", "from_month": 10, "to_month": 3}],
}
PACK = {"specification": "500克 袋装", "net_weight_g": 500, "unit": "bag", "price_fen": 3980, "gtin": "6901234567892"}


def key():
    return {"idempotency-key": uuid4().hex}


@pytest.fixture
async def own(db, make, as_caller):
    supplier = await make.supplier(db)
    return as_caller(kind="supplier", organisation_id=supplier.supplier_id)


@pytest.fixture
def reviewer(as_caller):
    return as_caller(kind="operator", organisation_id=uuid4(), roles=("reviewer",))


async def workbench(client, own, product_id):
    answer = await client.get(f"/v1/products/{product_id}/workbench", headers=own)
    assert answer.status_code == 200, answer.text
    return answer.json(), {"if-match": answer.headers["etag"]}


async def draft(client, own, **more):
    made = await client.post("/v1/products", json=NEW | more, headers=own | key())
    assert made.status_code == 201, made.text
    product_id = made.json()["product_id"]
    pack = await client.post(f"/v1/products/{product_id}/skus", json=PACK, headers=own | key())
    assert pack.status_code == 201, pack.text
    return product_id, pack.json()["sku_id"]


async def submitted(client, own, product_id):
    _, version = await workbench(client, own, product_id)
    answer = await client.post(f"/v1/products/{product_id}/submit", headers=own | version)
    assert answer.status_code == 200, answer.text
    return answer.json()["pending"]


async def decide(client, headers, review, verb, **body):
    path = f"/v1/product-reviews/{review['review_id']}/{verb}"
    return await client.post(path, json=body, headers=headers | {"if-match": f'"{review["revision"]}"'})


async def on_sale(client, own, reviewer):
    product_id, sku_id = await draft(client, own)
    answer = await decide(client, reviewer, await submitted(client, own, product_id), "accept")
    assert answer.status_code == 200, answer.text
    return product_id, sku_id


async def edited(client, own, product_id, **changes):
    _, version = await workbench(client, own, product_id)
    answer = await client.patch(f"/v1/products/{product_id}", json=changes, headers=own | version)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_draft_is_reviewed_and_sold(client, db, own, reviewer):
    product_id, sku_id = await draft(client, own)
    refused = await client.post(f"/v1/skus/{sku_id}/list", headers=own)
    assert (refused.status_code, refused.json()["code"]) == (409, "product-not-listed")
    review = await submitted(client, own, product_id)
    assert (review["kind"], review["changes"]) == ("LISTING", [])
    assert (await client.get(f"/v1/products/{product_id}")).status_code == 404
    [line] = (await client.get("/v1/product-reviews", params={"status": "PENDING"}, headers=reviewer)).json()["items"]
    assert (line["title"], line["kind"], line["supplier_name"]) == (NEW["title"], "LISTING", "房县大山食用菌专业合作社")
    shown = (await client.get(f"/v1/product-reviews/{review['review_id']}", headers=reviewer)).json()
    assert (shown["product"]["status"], shown["skus"][0]["price_fen"]) == ("IN_REVIEW", 3980)
    accepted = await decide(client, reviewer, review, "accept")
    assert (accepted.status_code, accepted.json()["status"]) == (200, "ACCEPTED")
    page = (await client.get(f"/v1/products/{product_id}")).json()
    assert (page["status"], page["pictures"], page["invoice_name"]) == ("LISTED", ["shiitake", "wood_ear"], "干香菇")
    assert (page["tax"]["is_exempt"], page["tax"]["basis"]) == (True, "cooperative_own")
    assert page["seasons"] == [
        {"region_code": "420325", "region_name": "房县", "from_month": 10, "to_month": 3, "is_binding": False}
    ]
    assert (page["skus"][0]["sku_id"], page["skus"][0]["unit"], page["skus"][0]["gtin"]) == (
        sku_id,
        "bag",
        PACK["gtin"],
    )
    [event] = await published(db, SkuListed)
    assert (event.unit, event.invoice_name, event.tax.rate_bp, event.tax.is_exempt) == ("bag", "干香菇", 0, True)
    assert event.tax_code == NEW["tax_code"]
    [notice] = await published(db, NoticeIssued)
    assert (notice.code, notice.facts["title"]) == ("product-listing-accepted", NEW["title"])
    verbs = [each["verb"] for each in accepted.json()["trail"]]
    assert verbs == ["create", "add-pack", "submit", "accept"]


async def test_what_is_missing_is_said_before_and_refused_at_submission(client, own):
    made = await client.post(
        "/v1/products",
        json=NEW | {"description": "", "tax_basis": "", "pictures": [], "picture": ""},
        headers=own | key(),
    )
    product_id = made.json()["product_id"]
    bench, version = await workbench(client, own, product_id)
    assert bench["missing"] == ["description", "pictures", "skus", "tax_basis"]
    refused = await client.post(f"/v1/products/{product_id}/submit", headers=own | version)
    assert (refused.status_code, refused.json()["code"]) == (422, "product-incomplete")
    assert refused.json()["missing"] == bench["missing"]
    assert (await workbench(client, own, product_id))[0]["product"]["status"] == "DRAFT"


async def test_a_rejection_says_why_field_by_field_and_may_be_mended(client, own, reviewer):
    product_id, _ = await draft(client, own)
    review = await submitted(client, own, product_id)
    unknown = await decide(client, reviewer, review, "reject", reasons={"colour": "?"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "reason-field-unknown")
    nothing = await decide(client, reviewer, review, "reject", reasons={})
    assert nothing.status_code == 422
    reasons = {"title": "写明产地", "pictures": "第二张不是香菇"}
    rejected = await decide(client, reviewer, review, "reject", reasons=reasons)
    assert (rejected.json()["status"], rejected.json()["reasons"]) == ("REJECTED", reasons)
    bench, _ = await workbench(client, own, product_id)
    assert (bench["product"]["status"], bench["last_decision"]["reasons"]) == ("DRAFT", reasons)
    await edited(client, own, product_id, title="房县 干香菇", pictures=["shiitake"])
    again = await submitted(client, own, product_id)
    assert (await decide(client, reviewer, again, "accept")).json()["product"]["status"] == "LISTED"


async def test_what_is_in_review_stays_as_it_is_until_it_is_withdrawn(client, own):
    product_id, sku_id = await draft(client, own)
    await submitted(client, own, product_id)
    _, version = await workbench(client, own, product_id)
    refused = await client.patch(f"/v1/products/{product_id}", json={"title": "别的"}, headers=own | version)
    assert (refused.status_code, refused.json()["code"]) == (409, "product-in-review")
    pack = await client.patch(f"/v1/skus/{sku_id}", json={"net_weight_g": 400}, headers=own | {"if-match": '"1"'})
    assert (pack.status_code, pack.json()["code"]) == (409, "product-in-review")
    harmless = await client.patch(f"/v1/products/{product_id}", json={"season_note": "冬菇最厚"}, headers=own | version)
    assert (harmless.status_code, harmless.json()["season_note"]) == (200, "冬菇最厚")
    _, version = await workbench(client, own, product_id)
    back = await client.post(f"/v1/products/{product_id}/withdraw", headers=own | version)
    assert (back.json()["product"]["status"], back.json()["pending"]) == ("DRAFT", None)


async def test_a_change_of_a_listed_product_waits_while_the_old_version_is_sold(client, db, own, reviewer):
    product_id, sku_id = await on_sale(client, own, reviewer)
    shown = await edited(client, own, product_id, title="房县花菇", pictures=["wood_ear", "shiitake"])
    assert (shown["title"], shown["pictures"]) == (NEW["title"], ["wood_ear", "shiitake"])  # another order is harmless
    await edited(client, own, product_id, grade="特级")
    sku = await client.get(f"/v1/skus/{sku_id}", headers=own)
    smaller = {"net_weight_g": 450, "supplier_code": "HG-450"}
    answer = await client.patch(f"/v1/skus/{sku_id}", json=smaller, headers=own | {"if-match": sku.headers["etag"]})
    assert (answer.json()["net_weight_g"], answer.json()["supplier_code"]) == (500, "HG-450")
    bench, _ = await workbench(client, own, product_id)
    review = bench["pending"]
    assert [(each["field"], each["before"], each["after"]) for each in review["changes"]] == [
        ("grade", "", "特级"),
        ("title", NEW["title"], "房县花菇"),
        (f"skus.{sku_id}.net_weight_g", 500, 450),
    ]
    page = (await client.get(f"/v1/products/{product_id}")).json()
    assert (page["title"], page["skus"][0]["net_weight_g"]) == (NEW["title"], 500)
    assert {event.product_title for event in await published(db, SkuRevised)} == {NEW["title"]}
    rejected = {f"skus.{sku_id}.net_weight_g": "与标签不符"}
    accepted = await decide(client, reviewer, review, "accept", rejected=rejected)
    assert (accepted.json()["status"], accepted.json()["reasons"]) == ("ACCEPTED", rejected)
    page = (await client.get(f"/v1/products/{product_id}")).json()
    assert (page["title"], page["grade"], page["skus"][0]["net_weight_g"]) == ("房县花菇", "特级", 500)
    assert (await published(db, SkuRevised))[-1].product_title == "房县花菇"


async def test_a_change_taken_back_by_hand_is_no_change(client, own, reviewer):
    product_id, _ = await on_sale(client, own, reviewer)
    await edited(client, own, product_id, title="房县花菇")
    await edited(client, own, product_id, grade="特级")
    await edited(client, own, product_id, title=NEW["title"])
    bench, _ = await workbench(client, own, product_id)
    assert [each["field"] for each in bench["pending"]["changes"]] == ["grade"]
    await edited(client, own, product_id, grade="")
    assert (await workbench(client, own, product_id))[0]["pending"] is None


async def test_a_new_pack_of_a_listed_product_is_sold_once_it_is_accepted(client, db, own, reviewer):
    product_id, _ = await on_sale(client, own, reviewer)
    pack = {"specification": "1公斤 箱装", "net_weight_g": 1000, "unit": "carton", "price_fen": 7600}
    added = (await client.post(f"/v1/products/{product_id}/skus", json=pack, headers=own | key())).json()
    refused = await client.post(f"/v1/skus/{added['sku_id']}/list", headers=own)
    assert (refused.status_code, refused.json()["code"]) == (409, "sku-in-review")
    bench, _ = await workbench(client, own, product_id)
    [change] = bench["pending"]["changes"]
    assert (change["field"], change["before"], change["after"]["unit"]) == (f"skus.{added['sku_id']}", None, "carton")
    await decide(client, reviewer, bench["pending"], "accept")
    page = (await client.get(f"/v1/products/{product_id}")).json()
    assert [each["specification"] for each in page["skus"]] == [PACK["specification"], pack["specification"]]
    assert len(await published(db, SkuListed)) == 2


async def test_a_refused_pack_is_mended_and_asked_for_again(client, own, reviewer):
    product_id, sku_id = await on_sale(client, own, reviewer)
    pack = {"specification": "1公斤 箱装", "net_weight_g": 100, "unit": "carton", "price_fen": 7600}
    added = (await client.post(f"/v1/products/{product_id}/skus", json=pack, headers=own | key())).json()
    bench, _ = await workbench(client, own, product_id)
    await decide(client, reviewer, bench["pending"], "reject", reasons={f"skus.{added['sku_id']}": "净含量不对"})
    path = f"/v1/skus/{added['sku_id']}"
    sku = await client.get(path, headers=own)
    await client.patch(path, json={"net_weight_g": 1000}, headers=own | {"if-match": sku.headers["etag"]})
    bench, _ = await workbench(client, own, product_id)
    assert bench["pending"]["changes"][0]["after"]["net_weight_g"] == 1000
    await decide(client, reviewer, bench["pending"], "accept")
    assert len((await client.get(f"/v1/products/{product_id}")).json()["skus"]) == 2
    for weight in (450, 500):  # a change of a pack on sale, taken back by hand
        seen = await client.get(f"/v1/skus/{sku_id}", headers=own)
        headers = own | {"if-match": seen.headers["etag"]}
        await client.patch(f"/v1/skus/{sku_id}", json={"net_weight_g": weight}, headers=headers)
    assert (await workbench(client, own, product_id))[0]["pending"] is None


async def test_a_delisted_product_comes_back_as_it_was_and_a_changed_one_through_a_review(client, db, own, reviewer):
    product_id, _ = await on_sale(client, own, reviewer)
    _, version = await workbench(client, own, product_id)
    gone = await client.post(f"/v1/products/{product_id}/delist", json={"reason": "换包装"}, headers=own | version)
    assert (gone.json()["status"], gone.json()["status_reason"]) == ("DELISTED", "换包装")
    assert (await client.get(f"/v1/products/{product_id}")).status_code == 404
    assert [event.reason for event in await published(db, SkuDelisted)] == ["product-delisted"]
    _, version = await workbench(client, own, product_id)
    back = await client.post(f"/v1/products/{product_id}/relist", json={"reason": "误点"}, headers=own | version)
    assert back.json()["status"] == "LISTED"
    assert (await client.get(f"/v1/products/{product_id}")).status_code == 200
    _, version = await workbench(client, own, product_id)
    await client.post(f"/v1/products/{product_id}/delist", json={"reason": "换包装"}, headers=own | version)
    assert (await edited(client, own, product_id, title="新名"))["title"] == "新名"
    bench, version = await workbench(client, own, product_id)
    assert bench["verbs"] == ["submit"]
    refused = await client.post(f"/v1/products/{product_id}/relist", json={"reason": "好了"}, headers=own | version)
    assert (refused.status_code, refused.json()["code"]) == (409, "product-changed")
    assert (await submitted(client, own, product_id))["kind"] == "LISTING"


async def test_only_reviewers_decide_and_nobody_on_the_own_product(client, db, make, as_caller):
    supplier = await make.supplier(db)
    person = uuid4()
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id, person_id=person)
    product_id, _ = await draft(client, own)
    review = await submitted(client, own, product_id)
    for headers, status, code in (
        ({}, 401, "unauthenticated"),
        (own, 403, "reviewers-only"),
        (as_caller(kind="operator", roles=("finance",)), 403, "reviewers-only"),
        (as_caller(kind="operator"), 403, "reviewers-only"),
        (as_caller(kind="official", roles=("reviewer",)), 403, "reviewers-only"),
        (as_caller(kind="operator", roles=("reviewer",), organisation_id=supplier.supplier_id), 403, "own-product"),
        (as_caller(kind="operator", roles=("reviewer",), person_id=person), 403, "own-product"),
    ):
        for verb, body in (("accept", {}), ("reject", {"reasons": {"title": "x"}})):
            answer = await decide(client, headers, review, verb, **body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    bench, _ = await workbench(client, own, product_id)
    assert (bench["product"]["status"], bench["pending"]["revision"]) == ("IN_REVIEW", 1)
    for headers in (own, as_caller()):
        assert (await client.get("/v1/product-reviews", headers=headers)).status_code == 403
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    assert (await client.get(f"/v1/product-reviews/{review['review_id']}", headers=stranger)).status_code == 404
    assert (await client.get(f"/v1/product-reviews/{review['review_id']}", headers=own)).status_code == 200
    refused = await client.get(f"/v1/products/{product_id}/workbench", headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-supplier")


async def test_a_decision_names_the_version_that_was_seen(client, own, reviewer):
    product_id, _ = await on_sale(client, own, reviewer)
    await edited(client, own, product_id, title="房县花菇")
    seen = (await workbench(client, own, product_id))[0]["pending"]
    await edited(client, own, product_id, title="房县天白花菇")
    path = f"/v1/product-reviews/{seen['review_id']}/accept"
    missing = await client.post(path, json={}, headers=reviewer)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition-missing")
    stale = await decide(client, reviewer, seen, "accept")
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (await client.get(f"/v1/products/{product_id}")).json()["title"] == NEW["title"]


async def test_of_two_who_decide_at_once_one_wins(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    product_id, _ = await draft(live_client, own)
    review = await submitted(live_client, own, product_id)
    reviewers = [as_caller(kind="operator", roles=("reviewer",)) for _ in range(4)]
    answers = await asyncio.gather(
        *(
            decide(live_client, headers, review, "accept")
            if place % 2
            else decide(live_client, headers, review, "reject", reasons={"title": "x"})
            for place, headers in enumerate(reviewers)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    bench, _ = await workbench(live_client, own, product_id)
    assert bench["product"]["status"] == ("LISTED" if won["status"] == "ACCEPTED" else "DRAFT")
    async with fresh_database.read() as db:
        assert len(await published(db, SkuListed)) == (won["status"] == "ACCEPTED")


async def test_operators_let_their_own_entries_through_at_once(client, own, reviewer, db, make):
    supplier = await make.supplier(db)
    made = await client.post(
        "/v1/products", json=NEW | {"supplier_id": str(supplier.supplier_id)}, headers=reviewer | key()
    )
    product_id = made.json()["product_id"]
    await client.post(f"/v1/products/{product_id}/skus", json=PACK, headers=reviewer | key())
    _, version = await workbench(client, reviewer, product_id)
    refused = await client.post(f"/v1/products/{product_id}/approve", headers=own | version)
    assert (refused.status_code, refused.json()["code"]) == (403, "operator-only")
    approved = await client.post(f"/v1/products/{product_id}/approve", headers=reviewer | version)
    assert (approved.status_code, approved.json()["status"]) == (200, "LISTED")
    assert (await client.get(f"/v1/products/{product_id}")).status_code == 200


async def test_the_queue_pages_by_age_searches_and_exports(client, own, reviewer):
    ids = []
    for number in range(3):
        product_id, _ = await draft(client, own, title=f"香菇{number}号")
        ids.append((await submitted(client, own, product_id))["review_id"])
    first = (await client.get("/v1/product-reviews", params={"limit": 2}, headers=reviewer)).json()
    rest = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await client.get("/v1/product-reviews", params=rest, headers=reviewer)).json()
    assert [each["review_id"] for each in first["items"] + second["items"]] == ids
    assert (first["total"], second["next_cursor"]) == (3, None)
    found = (await client.get("/v1/product-reviews", params={"q": "1号"}, headers=reviewer)).json()
    assert [each["title"] for each in found["items"]] == ["香菇1号"]
    bad = await client.get("/v1/product-reviews?cursor=WyJ4Il0", headers=reviewer)
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor-invalid")


async def test_own_products_are_filtered_counted_copied_and_exported(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    product_id, _ = await draft(live_client, own)
    copied = await live_client.post(f"/v1/products/{product_id}/copy", headers=own | key())
    assert (copied.status_code, copied.json()["status"], copied.json()["skus"][0]["gtin"]) == (201, "DRAFT", "")
    await submitted(live_client, own, product_id)
    waiting = (await live_client.get("/v1/own-products", params={"status": "IN_REVIEW"}, headers=own)).json()
    [line] = waiting["items"]
    assert (line["product_id"], line["has_pending_review"], line["sku_count"]) == (product_id, True, 1)
    assert waiting["counts"] == {"DRAFT": 1, "IN_REVIEW": 1}
    for sort in ("oldest", "-changed", "title"):
        first = (await live_client.get("/v1/own-products", params={"sort": sort, "limit": 1}, headers=own)).json()
        rest = {"sort": sort, "limit": 1, "cursor": first["next_cursor"]}
        second = (await live_client.get("/v1/own-products", params=rest, headers=own)).json()
        assert {each["product_id"] for each in first["items"] + second["items"]} == {
            product_id,
            copied.json()["product_id"],
        }
    sheet = await live_client.get("/v1/own-products/export?format=csv", headers=own)
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert (rows[0][0], len(rows), rows[1][6], rows[1][9]) == ("商品名称", 3, "500", "39.8")
