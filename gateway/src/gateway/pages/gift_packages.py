"""Packages of a campaign: up to three, put together from what lies in the organiser's cart."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.figures import money
from gateway.pages.gifts import API, PATH, REFUSED
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import whole_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Refusal

router = APIRouter(default_response_class=Response)

_PLACES: Final = ("1", "2", "3")
_MOST_GOODS: Final = 60


@router.get(f"{PATH}/{{campaign_id}}/packages")
async def get_packages(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID) -> Response:
    """What is in the packages and in the cart, with pieces to type."""
    ensure_kind(visitor, "institution")
    item = await services.orders.get(f"{API}/{campaign_id}", visitor=visitor)
    return await _form(page, services, visitor, item, _typed(item))


@router.post(f"{PATH}/{{campaign_id}}/packages")
async def post_packages(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """Put the packages together; a refusal brings the form back as it was."""
    ensure_kind(visitor, "institution")
    sku_ids = [each for each in form.getlist("sku_id") if isinstance(each, str)][:_MOST_GOODS]
    fields = [f"{name}_{place}" for place in _PLACES for name in ("name", "count")]
    fields += [f"q{place}_{sku_id}" for place in _PLACES for sku_id in sku_ids]
    typed = typed_of(form, "revision", "default_position", *fields)
    try:
        body = _body(typed, sku_ids)
        await services.orders.put(
            f"{API}/{campaign_id}/packages", visitor=visitor, json=body, if_match=f'"{typed.revision}"'
        )
    except (*REFUSED, MistypedError) as refusal:
        item = await services.orders.get(f"{API}/{campaign_id}", visitor=visitor)
        return await _form(page, services, visitor, item, typed, refusal=refusal)
    return page.go(f"{PATH}/{campaign_id}", done="saved")


def _body(typed: Typed, sku_ids: list[str]) -> dict[str, Any]:
    """The packages that have goods, in their order; MistypedError for what cannot be read."""
    packages: list[dict[str, Any]] = []
    default = 1
    for place in _PLACES:
        fields = {sku_id: f"q{place}_{sku_id}" for sku_id in sku_ids}
        lines = [
            {"sku_id": sku_id, "quantity": whole_of(typed, name)}
            for sku_id, name in fields.items()
            if typed[name] not in {"", "0"}
        ]
        if not lines:
            continue
        packages.append(
            {"name": typed[f"name_{place}"], "planned_count": whole_of(typed, f"count_{place}"), "lines": lines}
        )
        if typed.default_position == place:
            default = len(packages)
    if not packages:
        raise MistypedError("packages")
    return {"packages": packages, "default_position": default}


def _typed(item: dict[str, Any]) -> Typed:
    typed = Typed(revision=str(item["revision"]), default_position="1")
    for package in item["packages"]:
        place = package["position"]
        typed[f"name_{place}"], typed[f"count_{place}"] = package["name"], str(package["planned_count"])
        if package["package_id"] == item["default_package_id"]:
            typed["default_position"] = str(place)
        for line in package["lines"]:
            typed[f"q{place}_{line['sku_id']}"] = str(line["quantity"])
    if not item["packages"]:
        typed["count_1"] = str(item["planned_count"])
    return typed


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    item: dict[str, Any],
    typed: Typed,
    *,
    refusal: Refusal | MistypedError | None = None,
) -> Response:
    cart = await services.orders.get("/v1/cart", visitor=visitor)
    packed = [line for package in item["packages"] for line in package["lines"]]
    goods = {each["sku_id"]: each for each in [*packed, *cart["lines"]]}
    is_english = page.language == "en"
    error = ""
    if refusal is not None:
        error = page.t.gifts.packages_mistyped if isinstance(refusal, MistypedError) else page.told(refusal)
    return page.render(
        "gift_packages.html",
        status=(422 if isinstance(refusal, MistypedError) else refusal.status) if refusal else 200,
        error=error,
        item=item,
        url=f"{PATH}/{item['campaign_id']}",
        standard=money(item["per_head_fen"]),
        typed=typed,
        places=_PLACES,
        goods=[
            {
                "sku_id": sku_id,
                "title": (each["product_title_en"] if is_english else "") or each["product_title"],
                "specification": each["specification"],
                "price": money(each["unit_price_fen"]),
                "supplier": each["supplier_name"],
            }
            for sku_id, each in goods.items()
        ],
    )
