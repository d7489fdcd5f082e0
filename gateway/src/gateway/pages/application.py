"""A supplier's application as a form: read from the service's answer or from what was typed, and sent back."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile

from gateway.pages.shell import Page
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Invalid, Refusal

KINDS: Final = ("enterprise", "cooperative", "family_farm", "village_collective", "agent")
WAYS: Final = ("purchase", "employment", "land_lease", "dividend", "shareholding", "long_term_order")
TEXTS: Final = (
    "name",
    "name_en",
    "kind",
    "uscc",
    "address",
    "contact_name",
    "contact_phone",
    "products",
    "supply_capacity",
    "quality_measures",
)
NUMBERS: Final = ("yearly_output_kg", "linked_household_count", "linked_person_count")
FILES: Final = {"agreement_document_ids": "agreement", "document_ids": "document"}
_PLACE: Final = ("province", "city", "county")
_MOST_DIGITS: Final = 15
_TYPES: Final = {"pdf": "application/pdf", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png"}


@dataclass(slots=True)
class Draft:
    """What the form holds: texts and numbers as typed, the ways that are ticked, the documents that are kept."""

    typed: Typed
    ways: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)


def draft_of_answer(found: dict[str, Any], place: dict[str, str]) -> Draft:
    """The application as the service holds it; `place` are the codes of province, city and county."""
    supplier, said = found["supplier"], found["application"]
    texts = {name: supplier[name] if name in supplier else said[name] for name in TEXTS}
    numbers = {name: "" if said[name] is None else str(said[name]) for name in NUMBERS}
    income = said["yearly_income_fen"]
    typed = Typed({name: str(value or "") for name, value in texts.items()} | numbers | place)
    typed["yearly_income"] = "" if income is None else f"{Decimal(income) / 100:f}"
    typed["is_uscc_as_printed"] = "1" if supplier["uscc_check"] == "FAILED" else ""
    return Draft(typed, list(said["linkage_ways"]), {name: list(said[name]) for name in FILES})


def draft_of_form(form: FormData) -> Draft:
    """The application as it was typed."""
    typed = typed_of(form, *TEXTS, *NUMBERS, *_PLACE, "yearly_income", "is_uscc_as_printed")
    ways: list[str] = [way for way in WAYS if way in form.getlist("linkage_ways")]
    kept = {name: [str(each) for each in form.getlist(name)] for name in FILES}
    return Draft(typed, ways, kept)


def body_of(draft: Draft, county_code: str) -> dict[str, Any]:
    """What the service is sent. Raises Invalid `number-invalid` with the field for what is no number."""
    typed = draft.typed
    return {
        **{name: typed.get(name, "") for name in TEXTS if name != "uscc"},
        "uscc": typed.uscc or None,
        "is_uscc_as_printed": typed.is_uscc_as_printed == "1",
        "county_code": county_code,
        **{name: _whole(typed.get(name, ""), name) for name in NUMBERS},
        "yearly_income_fen": _fen(typed.yearly_income),
        "linkage_ways": draft.ways,
        **draft.kept,
    }


def _whole(text: str, name: str) -> int | None:
    cleaned = text.replace(",", "").replace("，", "")
    if not cleaned:
        return None
    if not (cleaned.isascii() and cleaned.isdigit() and len(cleaned) <= _MOST_DIGITS):
        raise Invalid("Give a whole number.", code="number-invalid", field=name)
    return int(cleaned)


def _fen(text: str) -> int | None:
    if not text:
        return None
    try:
        fen = Decimal(text.replace(",", "").replace("，", "")) * 100
    except InvalidOperation as error:
        raise Invalid("Give an amount in yuan.", code="number-invalid", field="yearly_income") from error
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 <= fen < 10**_MOST_DIGITS:
        raise Invalid("Give an amount in yuan.", code="number-invalid", field="yearly_income")
    return int(fen)


async def upload_all(services: Services, visitor: Visitor, form: FormData, draft: Draft, *, county_code: str) -> None:
    """Keep the files that came with the form and note their ids in the draft, so that a refusal loses none."""
    for name, sent in FILES.items():
        for each in form.getlist(sent):
            if isinstance(each, UploadFile) and each.filename:
                draft.kept[name].append(await upload(services, visitor, each, county_code=county_code, part=sent))


async def upload(services: Services, visitor: Visitor, file: UploadFile, *, county_code: str, part: str) -> str:
    """Keep one file; its id. Refusals name the form's field."""
    name = "".join(each for each in (file.filename or "") if each.isprintable())[-100:] or "document"
    kind = _TYPES.get(name.rsplit(".", 1)[-1].lower(), "application/octet-stream")
    try:
        answer = await services.catalog.answer(
            "POST",
            "/v1/documents",
            visitor=visitor,
            data=await file.read(),
            params={"name": name, "county_code": county_code},
            headers={"Content-Type": kind},
            timeout=60.0,
        )
    except Refusal as refusal:
        refusal.field = part
        raise
    return str(answer.json["document_id"])


def told_errors(refusal: Refusal, page: Page) -> dict[str, str]:
    """A refusal by the form's fields: every fault of an incomplete application, every wrong field of a body."""
    t = page.t.admission
    faults = refusal.extra.get("faults")
    if isinstance(faults, list):
        names = page.t.names["application_fault"]
        return {form_field(each["field"]): names.get(each["code"], t.fill_in) for each in faults}
    wrong = [each.get("field") for each in refusal.extra.get("errors", []) if isinstance(each, dict)]
    fields = [str(each).rsplit(".", 1)[-1] for each in [*wrong, refusal.field] if each]
    text = t.mend if refusal.code == "validation" else page.told(refusal)
    return {form_field(each): text for each in fields}


def form_field(name: str) -> str:
    """The form's name for a field of the service; reasons may name a document or licence by its id."""
    if name.startswith("licence"):
        return "licences"
    if name.startswith("document:"):
        return "document"
    return "yearly_income" if name == "yearly_income_fen" else FILES.get(name, name)


def found_errors(found: dict[str, Any], page: Page) -> dict[str, str]:
    """The reasons of the last rejection, beside their fields; none once it was handed in again."""
    if not found["supplier"]["status"].endswith("_REJECTED"):
        return {}
    errors: dict[str, str] = {}
    for each in found["findings"]:
        if each["round"] != found["round"]:
            continue
        told = _stage(each["stage"], page)
        name = form_field(each["field"])
        errors[name] = f"{errors[name]} {told}{each['sentence']}" if name in errors else f"{told}{each['sentence']}"
    return errors


def _stage(stage: str, page: Page) -> str:
    return f"{page.t.names['admission_stage'].get(stage, stage)}{page.t.admission.colon}"


def document_url(document_id: str) -> str:
    """Where a reader who may see it opens a document."""
    return f"/api/catalog/v1/documents/{document_id}"
