"""`POST /oauth/token`."""

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.access import PartsDep, transactions
from gateway.credential import actions, queries
from gateway.credential.rules import ACCESS_TOKEN_PREFIX, new_secret, secret_hash
from gateway.grant import rules
from gateway.grant.schemas import TOKEN_REQUEST, TokenAnswer, TokenRefusal
from gateway.rate_limit import actions as rate_limit_actions
from gateway.rate_limit.rules import Bucket, bucket
from gateway.settings import GatewaySettings
from shared.clock import utc_now
from shared.networks import network_of

router = APIRouter(tags=["credential"])


@router.post(
    "/oauth/token",
    response_model=TokenAnswer,
    responses={400: {"model": TokenRefusal}, 401: {"model": TokenRefusal}},
    openapi_extra=TOKEN_REQUEST,
)
async def post_token(request: Request, parts: PartsDep) -> JSONResponse:
    """An access token for a client's id and secret, good for an hour (RFC 6749, 4.4). Send it as a Bearer.

    Errors are those of RFC 6749, 5.2: `invalid_request`, `invalid_client`, `unsupported_grant_type`, `invalid_scope`;
    too many wrong secrets are 429 `too-many-attempts`.
    """
    try:
        answer = await _grant(request, await _read_form(request), parts.settings)
    except rules.GrantRefused as refusal:
        headers = {"Cache-Control": "no-store"}
        if refusal.is_basic and refusal.status == 401:  # noqa: PLR2004
            headers["WWW-Authenticate"] = 'Basic realm="zhunong", charset="UTF-8"'
        body = TokenRefusal(error=refusal.error, error_description=refusal.description)
        return JSONResponse(body.model_dump(), status_code=refusal.status, headers=headers)
    return JSONResponse(answer.model_dump(), headers={"Cache-Control": "no-store"})


async def _read_form(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise rules.GrantRefused("invalid_request", "Send application/x-www-form-urlencoded.")
    try:
        pairs = (await request.form()).multi_items()
    except (HTTPException, UnicodeError) as error:
        raise rules.GrantRefused("invalid_request", "The form cannot be read.") from error
    form = {name: value for name, value in pairs if isinstance(value, str)}
    if len(form) != len(pairs):
        raise rules.GrantRefused("invalid_request", "A parameter was sent twice.")
    return form


def _buckets(request: Request, settings: GatewaySettings, claim: rules.Claim) -> list[Bucket]:
    address = network_of(request.client.host if request.client else "unknown")
    return [
        bucket(settings.sign_in_limit(settings.sign_in_pair_count), "token", str(claim.client_id), address),
        bucket(settings.sign_in_limit(settings.sign_in_address_count), "token from", address),
    ]


async def _grant(request: Request, form: dict[str, str], settings: GatewaySettings) -> TokenAnswer:
    rules.ensure_client_credentials(form.get("grant_type"))
    claim = rules.claim_of(form, request.headers.get("authorization"))
    buckets, now = _buckets(request, settings, claim), utc_now()
    async with transactions(request).begin() as db:
        await rate_limit_actions.count_attempt(db, buckets, now=now)
    async with transactions(request).begin() as db:
        client = await queries.find_live_client(db, client_id=claim.client_id, secret_hash=secret_hash(claim.secret))
        if client is None:
            raise rules.unknown_client(is_basic=claim.is_basic)
        await rate_limit_actions.forgive_attempt(db, buckets)
        scopes = rules.granted_scopes(form.get("scope"), of_client=client.scopes)
        token = new_secret(ACCESS_TOKEN_PREFIX)
        lifetime = timedelta(seconds=settings.access_token_seconds)
        await actions.grant_token(db, client=client, token=token, scopes=scopes, expires_at=now + lifetime, now=now)
    return TokenAnswer(access_token=token, expires_in=settings.access_token_seconds, scope=" ".join(scopes))
