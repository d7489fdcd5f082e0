"""Documents: kept as they are, read by those concerned."""

from uuid import uuid4

from catalog.document import actions

PDF = b"%PDF-1.7 a licence"
PATH = "/v1/documents?name=%E6%89%A7%E7%85%A7.pdf&county_code=420325"


async def test_a_document_is_read_by_its_owner_the_county_and_operators(client, db, as_caller):
    organisation_id = uuid4()
    own = as_caller(kind="supplier", organisation_id=organisation_id)
    kept = (await client.post(PATH, content=PDF, headers=own)).json()
    assert (kept["name"], kept["content_type"], kept["size_bytes"]) == ("执照.pdf", "application/pdf", len(PDF))
    path = f"/v1/documents/{kept['document_id']}"
    hubei = as_caller(kind="official", roles=("assistance",), regions=("420000",))
    for headers in (own, hubei, as_caller(kind="operator")):
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (200, PDF)
    assert "sandbox" in answer.headers["content-security-policy"]
    hunan = as_caller(kind="official", roles=("assistance",), regions=("430000",))
    for headers in ({}, hunan, as_caller(kind="supplier", organisation_id=uuid4())):
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "document-unknown")
    await actions.set_public(db, [kept["document_id"]], is_public=True)
    assert (await client.get(path)).content == PDF


async def test_the_bytes_decide_and_nothing_else_is_kept(client, as_caller):
    own = as_caller(kind="supplier", organisation_id=uuid4())
    for content, status, code in (
        (b"<html>", 415, "file-type-not-accepted"),
        (PDF + b"x" * 10 * 1024 * 1024, 413, "file-too-large"),
    ):
        answer = await client.post(PATH, content=content, headers=own)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    lone = await client.post(PATH, content=PDF, headers=as_caller())
    assert (lone.status_code, lone.json()["code"]) == (403, "organisation-missing")
