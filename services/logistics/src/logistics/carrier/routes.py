"""Carriers and their webhook secrets, for the operator."""

import secrets
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Request, Response

from logistics.carrier import actions, queries, rules
from logistics.carrier.models import Carrier, CarrierSecret
from logistics.carrier.schemas import (
    CarrierList,
    CarrierOut,
    NewCarrier,
    NewSecret,
    SecretList,
    SecretMade,
    SecretOut,
)
from logistics.vault import Vault
from shared.auth import Caller, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.idempotency import Once
from shared.ids import new_id
from shared.webhooks import SECRET_BYTES, secret_text

router = APIRouter(prefix="/v1/carriers", tags=["carriers"])

Operator = Annotated[Caller, Depends(require_kind("operator"))]
Code = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9-]+$", description="The carrier's code, such as sf-demo.")]


@router.post("", status_code=201, response_model=CarrierOut)
async def create_carrier(body: NewCarrier, _: Operator, once: Once, db: Db) -> Response:
    """Start to work with a carrier. It can push as soon as it has a secret. 409 `carrier-code-taken`."""
    carrier = await actions.create_carrier(
        db, carrier_code=body.code, name=body.name, name_en=body.name_en, now=utc_now()
    )
    return await once.answer(db, _carrier(carrier), status=201)


@router.get("")
async def list_carriers(_: Annotated[Caller, Depends(require_kind("supplier"))], db: Read) -> CarrierList:
    """All carriers by code, for operators and for suppliers, who choose by whom they send."""
    return CarrierList(items=[_carrier(each) for each in await queries.list_carriers(db)])


@router.post("/{code}/secrets", status_code=201)
async def rotate_secret(
    code: Code, caller: Operator, request: Request, db: Db, body: Annotated[NewSecret | None, Body()] = None
) -> SecretMade:
    """Give a carrier a new secret; the ones before it stay valid for `overlap_hours` more.

    The answer is the only place where the secret is ever shown, so it is not kept under an Idempotency-Key: asking
    twice makes two secrets, and both work until the overlap ends.
    """
    wanted = body or NewSecret()
    now = utc_now()
    key = rules.secret_key(wanted.secret) if wanted.secret else secrets.token_bytes(SECRET_BYTES)
    vault: Vault = request.app.state.vault
    secret = await actions.rotate_secret(
        db,
        carrier_code=code,
        key=key,
        secret_id=new_id(),
        overlap=timedelta(hours=wanted.overlap_hours),
        created_by=caller.person_id,
        vault=vault,
        now=now,
    )
    return SecretMade(**_secret(secret, now).model_dump(), secret=secret_text(key))


@router.get("/{code}/secrets")
async def list_secrets(code: Code, _: Operator, db: Read) -> SecretList:
    """A carrier's secrets, the newest first, each without what one could sign with."""
    await queries.get_carrier(db, code)
    now = utc_now()
    return SecretList(items=[_secret(each, now) for each in await queries.list_secrets(db, code)])


def _carrier(carrier: Carrier) -> CarrierOut:
    return CarrierOut(
        code=carrier.carrier_code, name=carrier.name, name_en=carrier.name_en, created_at=carrier.created_at
    )


def _secret(secret: CarrierSecret, now: datetime) -> SecretOut:
    return SecretOut(
        secret_id=secret.secret_id,
        hint=secret.hint,
        valid_from=secret.valid_from,
        valid_until=secret.valid_until,
        is_valid=secret.valid_until is None or secret.valid_until > now,
    )
