"""The public keys, and rotating them by hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from gateway.access import PartsDep, security_schemes
from shared.auth import Caller, require_kind
from shared.clock import utc_now

router = APIRouter(tags=["token"])


@router.get("/.well-known/jwks.json")
async def get_keys(response: Response, parts: PartsDep) -> dict[str, Any]:
    """The JWK Set (RFC 7517) with which services check our tokens: the coming key, the present and the past ones."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return parts.keyring.public_keys(now=utc_now())


@router.post("/v1/signing-keys", status_code=204, dependencies=security_schemes())
async def post_key(parts: PartsDep, _: Annotated[Caller, Depends(require_kind("operator"))]) -> None:
    """Replace the signing key now: a new one is published at once and signs ten minutes later. Operators only."""
    await parts.keyring.rotate(now=utc_now(), is_forced=True)
