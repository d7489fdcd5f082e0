"""Imports over HTTP: who may, what is refused, templates."""

import io
from uuid import uuid4

import pytest
import python_calamine

from catalog.importer.kinds_known import KINDS
from catalog.importer.template import xlsx_template


@pytest.mark.parametrize(
    ("caller", "kind", "status", "code"),
    [
        ({"kind": "consumer", "organisation_id": uuid4()}, "supply", 403, "kind-not-yours"),
        ({"kind": "supplier", "organisation_id": uuid4()}, "supply", 403, "kind-not-yours"),
        ({"kind": "official", "organisation_id": uuid4(), "roles": ("officer",)}, "supply", 403, "role-missing"),
        (
            {"kind": "official", "organisation_id": uuid4(), "roles": ("agriculture",)},
            "products",
            403,
            "kind-not-yours",
        ),
        ({"kind": "official", "roles": ("agriculture",)}, "supply", 403, "organisation-missing"),
        ({"kind": "operator", "organisation_id": uuid4()}, "products", 422, "supplier-missing"),
        ({"kind": "operator", "organisation_id": uuid4()}, "harvests", 404, "import-kind-unknown"),
    ],
)
async def test_who_may_import_what(client, as_caller, supply_row, csv_of, caller, kind, status, code):
    answer = await client.post(
        f"/v1/imports/{kind}", params={"name": "a.csv"}, content=csv_of([supply_row()]), headers=as_caller(**caller)
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_supplier_imports_for_itself_only(client, as_caller, db, make, pack_row, csv_of):
    own, other = await make.supplier(db), await make.supplier(db)
    await db.commit()
    headers = as_caller(kind="supplier", organisation_id=own.supplier_id)
    query = {"name": "a.csv", "supplier_id": str(other.supplier_id)}
    answer = await client.post("/v1/imports/products", params=query, content=csv_of([pack_row()]), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-your-supplier")


async def test_an_import_is_seen_by_its_organisation_and_operators_only(desk, as_caller, supply_row, csv_of):
    batch = await desk.check(csv_of([supply_row(1, 年度="x")]))
    stranger = as_caller(kind="official", roles=("agriculture",), regions=("420325",), organisation_id=uuid4())
    for path in ("", "/bad-rows", "/bad-rows/export"):
        answer = await desk.http.get(f"/v1/imports/{batch['batch_id']}{path}", headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "import-unknown")
    assert (await desk.http.get("/v1/imports", headers=stranger)).json()["items"] == []
    operator = as_caller(kind="operator", organisation_id=uuid4())
    found = (await desk.http.get("/v1/imports", headers=operator)).json()["items"]
    assert [each["batch_id"] for each in found] == [batch["batch_id"]]
    assert (await desk.http.get("/v1/imports")).status_code == 401


async def test_a_file_beyond_the_cap_is_413_before_it_is_whole(desk, app, monkeypatch):
    monkeypatch.setattr(app.state.settings, "import_max_bytes", 1000)

    async def endless():
        while True:
            yield b"x" * 600

    answer = await desk.http.post(
        "/v1/imports/supply", params={"name": "a.csv"}, content=endless(), headers=desk.headers
    )
    assert (answer.status_code, answer.json()["code"], answer.json()["max_bytes"]) == (413, "file-too-large", 1000)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "file-empty"),
        (b"%PDF-1.7", 415, "file-no-spreadsheet"),
        (b"PK\x03\x04 broken", 415, "file-damaged"),
    ],
)
async def test_what_is_no_spreadsheet_is_refused_at_the_door(desk, content, status, code):
    answer = await desk.upload(content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_file_with_heads_only_and_one_without_heads_are_refused_with_a_sentence(desk, supply_row, csv_of):
    only_heads = await desk.check(csv_of([supply_row()]).splitlines()[0] + b"\r\n")
    assert (only_heads["status"], only_heads["refusal"]["code"]) == ("REFUSED", "rows-none")
    no_heads = await desk.check("一,二\n3,4\n".encode())
    assert (no_heads["status"], no_heads["refusal"]["code"]) == ("REFUSED", "heads-not-found")
    assert "县、乡镇、品名" in no_heads["refusal"]["zh"]


async def test_more_rows_than_allowed_are_refused(desk, app, monkeypatch, supply_row, csv_of):
    monkeypatch.setattr(app.state.settings, "import_max_rows", 2)
    batch = await desk.check(csv_of([supply_row(number) for number in range(1, 5)]))
    assert (batch["status"], batch["refusal"]["code"]) == ("REFUSED", "too-many-rows")


async def test_applying_again_with_the_same_key_is_the_first_answer(desk, supply_row, csv_of):
    batch = await desk.check(csv_of([supply_row()]))
    headers = {**desk.headers, "Idempotency-Key": "once"}
    path = f"/v1/imports/{batch['batch_id']}/apply"
    first = await desk.http.post(path, json={"mode": "abort"}, headers=headers)
    again = await desk.http.post(path, json={"mode": "abort"}, headers=headers)
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (200, 200, "true")
    assert again.json() == first.json()
    missing = await desk.http.post(path, json={"mode": "abort"}, headers=desk.headers)
    assert missing.json()["code"] == "idempotency-key-missing"


async def test_the_history_is_filtered_paged_and_exported(desk, supply_row, csv_of):
    first = await desk.check(csv_of([supply_row(1)]))
    second = await desk.check("一,二\n3,4\n".encode())
    page = (await desk.http.get("/v1/imports", params={"limit": 1}, headers=desk.headers)).json()
    assert [each["batch_id"] for each in page["items"]] == [second["batch_id"]]
    rest = await desk.http.get("/v1/imports", params={"cursor": page["next_cursor"]}, headers=desk.headers)
    assert [each["batch_id"] for each in rest.json()["items"]] == [first["batch_id"]]
    refused = await desk.http.get("/v1/imports", params={"status": "REFUSED"}, headers=desk.headers)
    assert [each["batch_id"] for each in refused.json()["items"]] == [second["batch_id"]]
    bad_cursor = await desk.http.get("/v1/imports", params={"cursor": "zzz"}, headers=desk.headers)
    assert bad_cursor.json()["code"] == "cursor-invalid"
    file = await desk.http.get("/v1/imports/export", params={"format": "csv"}, headers=desk.headers)
    assert len(file.content.decode("utf-8-sig").splitlines()) == 3
    for q, count in ((first["file_name"].upper(), 2), ("no such file", 0)):
        named = await desk.http.get("/v1/imports", params={"q": q}, headers=desk.headers)
        file = await desk.http.get("/v1/imports/export", params={"q": q, "format": "csv"}, headers=desk.headers)
        assert (len(named.json()["items"]), len(file.text.splitlines())) == (count, 1 + count)


async def test_kinds_are_those_that_the_caller_may_import(client, as_caller):
    kinds = {}
    for kind, roles in (("supplier", ()), ("official", ("agriculture",)), ("operator", ())):
        headers = as_caller(kind=kind, roles=roles, organisation_id=uuid4())
        kinds[kind] = {each["kind"] for each in (await client.get("/v1/import-kinds", headers=headers)).json()["items"]}
    assert "supply" in kinds["official"]
    assert "products" not in kinds["official"]
    assert "products" in kinds["supplier"]
    assert "supply" not in kinds["supplier"]
    assert kinds["operator"] == set(KINDS)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_template_explains_its_columns_and_its_example_is_skipped(client, kind, language):
    answer = await client.get(f"/v1/imports/{kind}/template", params={"format": "xlsx", "language": language})
    book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(answer.content))
    data, notes, lists = book.sheet_names
    heads, example = list(book.get_sheet_by_name(data).iter_rows())[:2]
    columns = KINDS[kind].columns.columns
    assert heads == [each.head(language) for each in columns]
    assert [str(each) for each in example] == [each.example for each in columns]
    explained = [row[0] for row in book.get_sheet_by_name(notes).iter_rows()]
    assert set(heads) <= set(explained)
    assert lists == "lists"


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_untouched_template_says_that_there_is_nothing_in_it(desk, form, language):
    answer = await desk.http.get("/v1/imports/supply/template", params={"format": form, "language": language})
    batch = await desk.check(answer.content, name=f"t.{form}")
    assert (batch["status"], batch["refusal"]["code"]) == ("REFUSED", "rows-none")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_example_can_be_imported(kind):
    from catalog.importer.column import Counties, reader_of  # noqa: PLC0415

    counties = Counties({"420325": "420325"}, {"房县": ["420325"]})
    for column in KINDS[kind].columns.columns:
        if column.example:
            read = reader_of(column, head_unit="", options=KINDS[kind].options_of(column.name), counties=counties)
            assert read(column.example) is not None
    assert xlsx_template(KINDS[kind], "zh").startswith(b"PK")
