"""The pictures of a spot in the tourism register: sent, put first, taken off."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.application import upload
from gateway.pages.register_items import draw_item
from gateway.pages.registers import PATH, item_of, register_of
from gateway.pages.shell import PageDep
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Stale, TooLarge, Unsupported

router = APIRouter(default_response_class=Response)

_KEPT: Final = (
    "county_code",
    "township",
    "village",
    "kind",
    "name",
    "name_en",
    "description",
    "description_en",
    "open_from_month",
    "open_to_month",
    "opening",
    "contact_phone",
)
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp")
_MOST: Final = 8
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale, TooLarge, Unsupported)


@router.post(PATH + "/spots/{spot_id}/pictures")
async def post_pictures(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, spot_id: UUID
) -> Response:
    """Add the pictures that were sent, put one before the others (`first`), or take one off (`remove`)."""
    register = register_of("spots", visitor)
    spot = await item_of(services, visitor, register, spot_id)
    try:
        body = {name: spot[name] for name in _KEPT}
        body["picture_ids"] = await _pictures(services, visitor, form, spot)
        tag = f'"{form.get("revision", "")}"'
        await services.catalog.put(f"{register.list_path}/{spot_id}", visitor=visitor, json=body, if_match=tag)
    except _REFUSED as refusal:
        return await draw_item(page, services, visitor, register, spot_id, refusal=refusal)
    return page.go(f"{PATH}/spots/{spot_id}", done=1)


async def _pictures(services: Services, visitor: Visitor, form: CheckedForm, spot: dict[str, Any]) -> list[str]:
    """The ids after what the form asks for. 422 `picture-missing`, `picture-type`, `pictures-too-many`."""
    kept = [str(each) for each in spot["picture_ids"]]
    chosen = str(form.get("remove", "") or form.get("first", ""))
    if chosen:
        others = [each for each in kept if each != chosen]
        return others if form.get("remove") else [*(each for each in kept if each == chosen), *others]
    sent = [each for each in form.getlist("picture") if isinstance(each, UploadFile) and each.filename]
    if not sent:
        raise Invalid("Choose a picture.", code="picture-missing", field="picture")
    if len(kept) + len(sent) > _MOST:
        raise Invalid(f"A spot has {_MOST} pictures at most.", code="pictures-too-many", field="picture")
    if not all((each.filename or "").lower().endswith(_PICTURES) for each in sent):
        raise Invalid("Send JPEG, PNG or WebP.", code="picture-type", field="picture")
    return kept + [
        await upload(services, visitor, each, county_code=spot["county_code"], part="picture") for each in sent
    ]
