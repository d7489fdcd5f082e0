"""An entry of a register: what it says, what may be done to it, what was done; the candidates of a job."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.harvest_view import weight_text
from gateway.pages.listing import month_choices
from gateway.pages.parts import Head, TrailEntry
from gateway.pages.register_forms import DEEDS, body_of, typed_of
from gateway.pages.register_options import errors_of, options_of
from gateway.pages.register_tables import TONES, Register, status_text, verbs_for
from gateway.pages.registers import PATH, ensure_shown, item_of, notice_of, register_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)


@router.get(PATH + "/{key}/{item_id}")
async def get_item(page: PageDep, services: Services, visitor: SignedIn, key: str, item_id: UUID) -> Response:
    """An entry: what it says, what may be done, what was done."""
    return await draw_item(page, services, visitor, register_of(key, visitor), item_id)


async def draw_item(
    page: Page,
    services: Services,
    visitor: Visitor,
    register: Register,
    item_id: UUID,
    *,
    refusal: Refusal | None = None,
    deed: str = "",
    typed: Typed | None = None,
) -> Response:
    """The entry's page; after a refusal with why, and with what was typed into a small form."""
    item = await item_of(services, visitor, register, item_id)
    names, status = page.t.names, str(item.get("status", ""))
    deeds = [
        (name, DEEDS[name].fields, await options_of(DEEDS[name].fields, page, services, visitor))
        for name in register.deeds
    ]
    if "participants" in item:
        sellers = [Choice(each["participant_id"], each["name"]) for each in item["participants"]]
        for _, _, options in deeds:
            options["participant"] = sellers
    trail = []
    if register.has_trail:
        found = await services.catalog.get(f"{register.list_path}/{item_id}/trail", visitor=visitor)
        trail = [_deed(each, register, page) for each in reversed(found["items"])]
    return page.render(
        "register_item.html",
        status=refusal.status if refusal else 200,
        register=register,
        item=item,
        item_id=item_id,
        item_status=status,
        status_name=status_text(register, status, page) if status else "",
        tone=TONES.get(status, ""),
        facts=[(names["register_field"][column.name], column.text(item, page)) for column in register.columns],
        more=[
            (names["register_field"][name], item[name])
            for name in ("description", "status_reason", "operator_name", "contact", "note", "opening")
            if item.get(name)
        ],
        verbs=verbs_for(register, status, visitor),
        deeds=deeds,
        deed=deed,
        typed=typed or Typed(),
        errors=errors_of(refusal, DEEDS[deed].fields, page) if deed else {},
        can_edit=status in register.is_edited,
        trail=trail,
        candidates=await _candidates(services, visitor, item_id) if register.key == "jobs" else [],
        months=month_choices(page),
        weight=lambda grams: weight_text(int(grams), page.language),
        money=money,
        head=Head,
        notice=notice_of(page) if refusal is None else "",
        error=page.told(refusal) if refusal else "",
    )


async def _candidates(services: Services, visitor: Visitor, job_id: UUID) -> list[dict[str, Any]]:
    try:
        found = await services.catalog.get(f"/v1/labour/jobs/{job_id}/candidates", visitor=visitor)
    except Refusal as refusal:
        if refusal.code in {"not-your-job", "job-unknown"}:
            return []
        raise
    return list(found["items"])


def _deed(entry: Mapping[str, Any], register: Register, page: Page) -> TrailEntry:
    names = page.t.names
    return TrailEntry(
        at=page.short_time(entry["happened_at"]),
        who=names["register_caller"].get(entry["caller_kind"], entry["caller_kind"]),
        what=names["register_verb"].get(entry["verb"], entry["verb"]),
        before=status_text(register, entry["from_status"], page),
        after=status_text(register, entry["to_status"], page),
        reason=entry["reason"],
    )


@router.post(PATH + "/{key}/{item_id}")
async def post_item(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, key: str, item_id: UUID
) -> Response:
    """Do it: a verb with its reason, a small form, or a push to a worker's office."""
    register = register_of(key, visitor)
    deed, verb = str(form.get("deed", "")), str(form.get("verb", ""))
    path, once = f"{register.list_path}/{item_id}", str(form.get("key", "")) or str(new_id())
    tag, typed = f'"{form.get("revision", "")}"', Typed()
    try:
        if deed in register.deeds:
            typed, ticked = typed_of(form, DEEDS[deed].fields)
            body = body_of(DEEDS[deed].fields, typed, ticked)
            headers = {"If-Match": tag} if deed == "record-sales" else {"Idempotency-Key": once}
            await services.catalog.answer("POST", f"{path}/{deed}", visitor=visitor, json=body, headers=headers)
        elif verb == "push" and register.key == "jobs":
            body = {"worker_id": str(form.get("worker_id", ""))}
            await services.catalog.post(f"{path}/push", visitor=visitor, json=body, idempotency_key=once)
        elif verb in {each.name for each in register.verbs}:
            why = {"reason": str(form.get("reason", "")).strip()} if _takes_reason(register, verb) else None
            headers = {"If-Match": tag}
            await services.catalog.answer("POST", f"{path}/{verb}", visitor=visitor, json=why, headers=headers)
    except Refusal as refusal:
        ensure_shown(refusal)
        if register.key == "placements":
            return page.go(f"{PATH}/placements", refused=refusal.code)
        return await draw_item(
            page,
            services,
            visitor,
            register,
            item_id,
            refusal=refusal,
            deed=deed if deed in register.deeds else "",
            typed=typed,
        )
    return page.go(f"{PATH}/{register.key}{'' if register.key == 'placements' else f'/{item_id}'}", done=1)


def _takes_reason(register: Register, verb: str) -> bool:
    return register.key == "workers" or any(each.name == verb and each.is_reasoned for each in register.verbs)
