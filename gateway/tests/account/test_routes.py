"""Signing up and one's own account, over HTTP."""

from httpx2 import AsyncClient

PASSWORD = "香菇炖鸡要小火慢炖 2026"


async def test_signing_up_signs_in(client: AsyncClient):
    answer = await client.post(
        "/v1/accounts", json={"display_name": "小梅", "email": " XiaoMei@Example.com ", "password": PASSWORD}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["email"] == "xiaomei@example.com"
    me = (await client.get("/v1/me")).json()
    assert (me["kind"], me["display_name"], me["via"]) == ("consumer", "小梅", "session")
