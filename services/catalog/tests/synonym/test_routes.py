"""Words that mean the same, over HTTP and in search."""

from uuid import uuid4

from catalog import jobs
from shared.testing import published


def operator(as_caller):
    return as_caller(kind="operator", roles=("catalogue",), organisation_id=uuid4())


def once(headers):
    return headers | {"idempotency-key": str(uuid4())}


async def titles(client, q):
    return [card["title"] for card in (await client.get("/v1/products", params={"q": q})).json()["items"]]


async def test_a_product_is_found_by_a_word_that_means_the_same(client, db, make):
    await make.listed_product(db, title="定西马铃薯", title_en="", category="vegetable")
    for q in ("土豆", "洋芋", "tudou", "td", "定西土豆", "马铃薯"):
        assert await titles(client, q) == ["定西马铃薯"], q
    assert await titles(client, "土") == []


async def test_the_word_itself_comes_before_the_one_that_means_the_same(client, db, make):
    await make.listed_product(db, title="定西马铃薯", title_en="", category="vegetable")
    await make.listed_product(db, title="威宁土豆", title_en="", category="vegetable")
    assert await titles(client, "土豆") == ["威宁土豆", "定西马铃薯"]


async def test_an_operator_edits_and_search_follows(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        await make.listed_product(db, title="紫山药", title_en="", category="vegetable")
    headers = operator(as_caller)
    added = await live_client.post("/v1/synonyms", json={"words": ["紫山药", "脚板薯"]}, headers=once(headers))
    assert (added.status_code, added.json()["is_applied"]) == (201, False), added.text
    group = f"/v1/synonyms/{added.json()['group_id']}"
    assert await titles(live_client, "脚板薯") == []
    await jobs.jobs.work(fresh_database, wait=False)
    assert await titles(live_client, "脚板薯") == ["紫山药"]
    kept = await live_client.get(group, headers=headers)
    assert (kept.json()["is_applied"], kept.headers["etag"]) == (True, '"1"')
    words = {"words": ["紫山药", "参薯"]}
    edited = await live_client.put(group, json=words, headers=headers | {"if-match": '"1"'})
    assert edited.status_code == 200
    assert (await live_client.put(group, json=words, headers=headers | {"if-match": '"1"'})).status_code == 412
    await jobs.jobs.work(fresh_database, wait=False)
    assert [await titles(live_client, "脚板薯"), await titles(live_client, "参薯")] == [[], ["紫山药"]]
    removed = await live_client.delete(group, headers=headers | {"if-match": '"2"'})
    assert removed.status_code == 204
    await jobs.jobs.work(fresh_database, wait=False)
    assert [await titles(live_client, "参薯"), await titles(live_client, "紫山药")] == [[], ["紫山药"]]
    assert (await live_client.get(group, headers=headers)).json()["code"] == "group-unknown"


async def test_a_word_is_in_one_group(client, db, as_caller):
    headers = operator(as_caller)
    taken = await client.post("/v1/synonyms", json={"words": ["荷兰薯", "土豆"]}, headers=once(headers))
    assert (taken.status_code, taken.json()["code"], taken.json()["taken"]) == (409, "word-taken", ["土豆"])
    short = await client.post("/v1/synonyms", json={"words": ["荷兰薯"]}, headers=once(headers))
    assert (short.status_code, short.json()["code"]) == (422, "words-too-few")
    assert (await client.get("/v1/synonyms?q=荷兰薯", headers=headers)).json()["items"] == []
    assert await published(db) == []


async def test_only_operators_see_and_edit_words(client, as_caller):
    body = {"words": ["荷兰薯", "爱尔兰薯"]}
    for headers, status in (({}, 401), (as_caller(kind="supplier", organisation_id=uuid4()), 403)):
        assert (await client.post("/v1/synonyms", json=body, headers=once(headers))).status_code == status
        assert (await client.get("/v1/synonyms", headers=headers)).status_code == status
        assert (await client.get("/v1/synonyms/export", headers=headers)).status_code == status
    headers = operator(as_caller)
    assert (await client.post("/v1/synonyms", json=body, headers=headers)).status_code == 400
    first = (await client.get("/v1/synonyms?limit=2", headers=headers)).json()
    rest = (await client.get(f"/v1/synonyms?limit=100&cursor={first['next_cursor']}", headers=headers)).json()
    groups = [each["group_id"] for each in [*first["items"], *rest["items"]]]
    assert len(groups) == len(set(groups)) > 40
    sheet = await client.get("/v1/synonyms/export?format=csv", headers=headers)
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    assert len(sheet.text.splitlines()) == len(groups) + 1
