"""What the suite reaches us by: our public key, and the way that payment notices take through this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

import aiohttp
import orjson
from aiohttp import web
from joserfc.jwk import KeySet, OKPKey

from shared.auth import TokenIssuer


@dataclass
class Doorway:
    """A small server of ours. Notices are passed on as they come; `answered` holds when each was taken (204)."""

    issuer: TokenIssuer
    key: OKPKey
    orders_url: str
    http: aiohttp.ClientSession
    url: str = ""
    _answered: dict[str, asyncio.Future[float]] = field(default_factory=dict)

    async def until_answered(self, notice_id: str) -> float:
        """The instant (of `perf_counter`) at which orders took the notice."""
        try:
            return await asyncio.wait_for(self._future(notice_id), 30)
        finally:
            self._answered.pop(notice_id, None)

    def _future(self, notice_id: str) -> asyncio.Future[float]:
        return self._answered.setdefault(notice_id, asyncio.get_running_loop().create_future())

    async def pass_on(self, request: web.Request) -> web.Response:
        """A provider's notice: signed, so it travels byte by byte."""
        body = await request.read()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower().startswith("wechatpay-") or name.lower() == "content-type"
        }
        async with self.http.post(self.orders_url + request.path, data=body, headers=headers) as answer:
            content = await answer.read()
        if answer.status == 204:
            taken = self._future(orjson.loads(body)["id"])
            if not taken.done():
                taken.set_result(perf_counter())
        return web.Response(status=answer.status, body=content)

    async def show_keys(self, _: web.Request) -> web.Response:
        """Our public key as a JWKS."""
        return web.json_response(KeySet([self.key]).as_dict(private=False))


@asynccontextmanager
async def open_doorway(*, orders_url: str) -> AsyncIterator[Doorway]:
    """Serve on a free port of this machine."""
    key = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "Ed25519", "kid": "bench"})
    async with aiohttp.ClientSession() as http:
        doorway = Doorway(TokenIssuer(key), key, orders_url, http)
        app = web.Application()
        app.router.add_get("/.well-known/jwks.json", doorway.show_keys)
        app.router.add_post("/v1/payments/notices/{provider}", doorway.pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            doorway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield doorway
        finally:
            await runner.cleanup()
