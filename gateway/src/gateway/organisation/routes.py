"""Organisations and their people."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response

from gateway.access import IdentityDep, PartsDep, PersonDep, security_schemes
from gateway.account import queries as account_queries
from gateway.account.rules import contact_of
from gateway.identities import Identity
from gateway.organisation import actions, queries, rules
from gateway.organisation.schemas import (
    Member,
    MemberChange,
    NewMember,
    NewOrganisation,
    OrganisationChange,
    OrganisationDetail,
)
from shared.auth import Caller, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, NotFound
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/organisations", tags=["organisation"], dependencies=security_schemes())


def _ensure_may_manage(identity: Identity, organisation_id: UUID) -> None:
    caller = identity.caller
    rules.ensure_may_manage(
        actor_kind=caller.kind,
        actor_organisation=caller.organisation_id,
        actor_roles=caller.roles,
        organisation=organisation_id,
    )


@router.post("", status_code=201, response_model=OrganisationDetail)
async def post_organisation(
    once: Once, identity: PersonDep, body: Annotated[NewOrganisation, Body()], parts: PartsDep, db: Db
) -> Response:
    """Register an organisation. Its founder becomes its administrator, unless the platform's operator registers it for
    others. 403 `organisation-kind-reserved`.
    """
    caller, now = identity.caller, utc_now()
    rules.ensure_may_found(body.kind, founder_kind=caller.kind)
    organisation = await actions.found_organisation(
        db,
        organisation_id=new_id(),
        kind=body.kind,
        name=body.name,
        name_en=body.name_en,
        regions=body.regions,
        now=now,
    )
    if not caller.is_operator:
        await actions.add_member(
            db,
            organisation_id=organisation.organisation_id,
            person_id=caller.person_id,
            roles=[rules.ADMIN],
            now=now,
        )
        parts.identities.forget_after(db, caller.person_id)
    return await once.answer(db, OrganisationDetail.of(organisation), status=201)


def _organisation_after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    (value,) = decode_cursor(cursor, size=1)
    try:
        return UUID(hex=str(value))
    except ValueError:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from None


@router.get("")
async def list_organisations(
    _: Annotated[Caller, Depends(require_kind("operator"))],
    db: Read,
    kind: Annotated[rules.Kind | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[OrganisationDetail]:
    """All organisations; operators only."""
    after = _organisation_after(cursor)
    found = await queries.list_organisations(db, kind=kind, after=after, limit=limit + 1)
    items = [OrganisationDetail.of(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].organisation_id.hex) if len(found) > limit else None)


@router.get("/{organisation_id}")
async def get_organisation(
    organisation_id: UUID, response: Response, identity: IdentityDep, db: Read
) -> OrganisationDetail:
    """An organisation, for its people and operators. 404 `organisation-not-found`."""
    is_own = any(each.organisation_id == organisation_id for each in identity.organisations)
    is_acting = identity.caller.organisation_id == organisation_id
    if not (is_own or is_acting or identity.caller.is_operator):
        raise NotFound("There is no such organisation of yours.", code="organisation-not-found")
    organisation = await queries.get_organisation(db, organisation_id)
    response.headers["ETag"] = etag_of(organisation.revision)
    return OrganisationDetail.of(organisation)


@router.patch("/{organisation_id}")
async def patch_organisation(
    organisation_id: UUID,
    response: Response,
    identity: PersonDep,
    body: Annotated[OrganisationChange, Body()],
    expected_revision: IfMatch,
    parts: PartsDep,
    db: Db,
) -> OrganisationDetail:
    """Rename an organisation. 403 `not-an-administrator`; 412 `stale`."""
    _ensure_may_manage(identity, organisation_id)
    organisation = await actions.change_organisation(
        db,
        organisation_id=organisation_id,
        name=body.name,
        name_en=body.name_en,
        expected_revision=expected_revision,
    )
    parts.identities.forget_after(db, organisation_id)
    response.headers["ETag"] = etag_of(organisation.revision)
    return OrganisationDetail.of(organisation)


@router.get("/{organisation_id}/members")
async def list_members(organisation_id: UUID, identity: PersonDep, db: Read) -> Page[Member]:
    """The people of an organisation, for its administrators and operators. 403 `not-an-administrator`."""
    _ensure_may_manage(identity, organisation_id)
    memberships = await queries.list_members(db, organisation_id)
    people = await account_queries.list_people(db, [each.person_id for each in memberships])
    by_id = {person.person_id: person for person in people}
    return Page(items=[Member.of(each, by_id[each.person_id]) for each in memberships], total=len(memberships))


@router.post("/{organisation_id}/members", status_code=201)
async def post_member(
    organisation_id: UUID, identity: PersonDep, body: Annotated[NewMember, Body()], parts: PartsDep, db: Db
) -> Member:
    """Let somebody who has an account act for the organisation.

    403 `not-an-administrator`; 404 `person-not-found`; 409 `already-a-member`; 422 `role-unknown`,
    `region-outside-organisation`.
    """
    _ensure_may_manage(identity, organisation_id)
    person = await account_queries.find_by_contact(db, contact_of(body.identifier) or "")
    if person is None:
        raise NotFound(
            "Nobody has an account with this address or number.", code="person-not-found", field="identifier"
        )
    membership = await actions.add_member(
        db,
        organisation_id=organisation_id,
        person_id=person.person_id,
        roles=body.roles,
        regions=body.regions,
        now=utc_now(),
    )
    parts.identities.forget_after(db, person.person_id)
    return Member.of(membership, person)


@router.put("/{organisation_id}/members/{person_id}")
async def put_member(
    organisation_id: UUID,
    person_id: UUID,
    identity: PersonDep,
    body: Annotated[MemberChange, Body()],
    expected_revision: IfMatch,
    parts: PartsDep,
    db: Db,
) -> Member:
    """Give a member other roles and regions; it holds from the member's next request.

    403 `not-an-administrator`; 404 `member-not-found`; 409 `last-administrator`; 412 `stale`; 422 `role-unknown`.
    """
    _ensure_may_manage(identity, organisation_id)
    membership = await actions.change_member(
        db,
        organisation_id=organisation_id,
        person_id=person_id,
        roles=body.roles,
        regions=body.regions,
        expected_revision=expected_revision,
    )
    parts.identities.forget_after(db, person_id)
    return Member.of(membership, await account_queries.get_person(db, person_id))


@router.delete("/{organisation_id}/members/{person_id}", status_code=204)
async def delete_member(organisation_id: UUID, person_id: UUID, identity: PersonDep, parts: PartsDep, db: Db) -> None:
    """Take somebody out, or leave. What the person was doing for the organisation ends: its sessions and keys.

    403 `not-an-administrator`; 404 `member-not-found`; 409 `last-administrator`.
    """
    if identity.caller.person_id != person_id:
        _ensure_may_manage(identity, organisation_id)
    await actions.remove_member(db, organisation_id=organisation_id, person_id=person_id)
    parts.identities.forget_after(db, person_id)
