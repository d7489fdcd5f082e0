"""Photos over HTTP."""

from uuid import uuid4

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


async def test_an_uploaded_photo_is_shown_on_the_product(client, db, make, as_caller):
    product = await make.listed_product(db)
    path = f"/v1/products/{product.product_id}/photo"
    own = as_caller(kind="operator")
    response = await client.put(path, content=PNG, headers=own | {"if-match": '"1"', "content-type": "image/png"})
    assert (response.status_code, response.headers["etag"]) == (200, '"2"'), response.text
    picture = response.json()["picture"]
    assert (await client.get(f"/v1/products/{product.product_id}")).json()["picture"] == picture
    photo = await client.get(picture)
    assert (photo.content, photo.headers["content-type"]) == (PNG, "image/png")
    assert photo.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in photo.headers["cache-control"]
    again = await client.put(path, content=PNG, headers=own | {"if-match": '"2"'})
    assert again.json()["picture"] == picture


async def test_the_bytes_decide_what_it_is(client, db, make, as_caller):
    product = await make.product(db)
    path = f"/v1/products/{product.product_id}/photo"
    headers = as_caller(kind="operator") | {"if-match": '"1"', "content-type": "image/png"}
    for content in (b"", b"<svg onload=alert(1)>", b"%PDF-1.7", b"RIFF....WAVE"):
        response = await client.put(path, content=content, headers=headers)
        assert (response.status_code, response.json()["code"]) == (415, "file-type-not-accepted")
    large = await client.put(path, content=PNG + b"x" * 5 * 1024 * 1024, headers=headers)
    assert (large.status_code, large.json()["code"]) == (413, "file-too-large")


async def test_who_may_not_edit_may_not_upload(client, db, make, as_caller):
    product = await make.product(db)
    path = f"/v1/products/{product.product_id}/photo"
    own = as_caller(kind="supplier", organisation_id=product.supplier_id)
    foreign = as_caller(kind="supplier", organisation_id=uuid4())
    for headers, status in (({}, 401), (foreign, 403), (own, 412)):
        response = await client.put(path, content=PNG, headers=headers | {"if-match": '"9"'})
        assert response.status_code == status
    assert (await client.put(path, content=PNG, headers=own)).status_code == 428


async def test_only_photos_of_ours_are_served(client):
    unknown = await client.get(f"/v1/photos/{'0' * 64}.jpg")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "photo-unknown")
    for key in ("..%2f..%2fetc%2fpasswd", "x.jpg", f"{'0' * 64}.svg"):
        assert (await client.get(f"/v1/photos/{key}")).status_code in {404, 422}
