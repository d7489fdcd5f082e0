"""What the tabs of credit show, and who may do what in which status."""

from typing import Final

from gateway.pages.record_fields import Field
from gateway.pages.records import Act, Shelf

_MARKET: Final = frozenset({"market_supervision"})
_OFFICES: Final = frozenset({"market_supervision", "agriculture", "assistance", "department"})
_OWNERS: Final = frozenset({"agriculture", "market_supervision", "decider", "province"})
_PROVINCE: Final = frozenset({"province"})
_SUPPLIER: Final = frozenset({"supplier"})


def _at(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


PLACEMENTS: Final = Shelf(
    key="placements",
    path="/work/credit/placements",
    api="/v1/credit-placements",
    id_name="placement_id",
    columns=("supplier_name", "list", "status", "basis", "starts_on", "ends_on", "ended_on"),
    facts=(
        "supplier_name",
        "uscc",
        "county_code",
        "list",
        "basis",
        "status",
        "status_reason",
        "months",
        "proposed_at",
        "starts_on",
        "ends_on",
        "ended_on",
    ),
    statuses=("PROPOSED", "IN_FORCE", "ENDED", "REPAIRED", "LIFTED", "DISMISSED"),
    filters={"list": "credit_list"},
    acts=(
        Act("place", _at("PROPOSED"), _MARKET, tone="main"),
        Act("dismiss", _at("PROPOSED"), _MARKET),
        Act(
            "ask-repair",
            _at("IN_FORCE"),
            kinds=_SUPPLIER,
            body="",
            fields=(Field("statement", "area"), Field("document_ids", "file")),
            path="/v1/credit-appeals",
        ),
        Act(
            "object-placement",
            _at("IN_FORCE"),
            kinds=_SUPPLIER,
            body="",
            fields=(Field("statement", "area"),),
            path="/v1/credit-appeals",
        ),
    ),
    form=(
        Field("supplier_id", "supplier"),
        Field("list", "choice", "credit_list"),
        Field("basis"),
        Field("months", "number", is_required=False),
    ),
    form_roles=_OFFICES,
)
EVENTS: Final = Shelf(
    key="events",
    path="/work/credit/events",
    api="/v1/credit-events",
    id_name="event_id",
    columns=("summary", "kind", "points", "severity", "source", "reference", "occurred_on", "status"),
    facts=(
        "supplier_name",
        "kind",
        "points",
        "severity",
        "source",
        "reference",
        "summary",
        "occurred_on",
        "status",
        "reported_at",
    ),
    filters={"kind": "credit_kind"},
    acts=(
        Act(
            "object-event",
            _at("COUNTED"),
            kinds=_SUPPLIER,
            body="",
            fields=(Field("statement", "area"), Field("document_ids", "file", is_required=False)),
            path="/v1/credit-appeals",
        ),
    ),
    form=(
        Field("supplier_id", "supplier"),
        Field("kind", "choice", "credit_kind"),
        Field("summary"),
        Field("reference"),
        Field("occurred_on", "day"),
    ),
    form_roles=_MARKET,
)
APPEALS: Final = Shelf(
    key="appeals",
    path="/work/credit/appeals",
    api="/v1/credit-appeals",
    id_name="appeal_id",
    columns=("supplier_name", "kind", "subject_kind", "status", "statement", "raised_at"),
    facts=("supplier_name", "county_code", "kind", "subject_kind", "statement", "status", "answer", "raised_at"),
    statuses=("OPEN", "GRANTED", "REFUSED", "WITHDRAWN"),
    acts=(
        Act("grant", _at("OPEN"), _MARKET, tone="main", body="answer"),
        Act("refuse", _at("OPEN"), _MARKET, body="answer", tone="danger"),
        Act("withdraw", _at("OPEN"), kinds=_SUPPLIER, body=""),
    ),
)
CASES: Final = Shelf(
    key="cases",
    path="/work/credit/cases",
    api="/v1/enforcement-cases",
    id_name="case_id",
    columns=("title", "supplier_name", "subject_kind", "status", "result", "opened_on", "deadline_on"),
    facts=(
        "supplier_name",
        "county_code",
        "subject_kind",
        "grounds",
        "status",
        "opened_on",
        "deadline_on",
        "result",
        "conclusion",
    ),
    statuses=("OPENED", "INVESTIGATING", "MEASURES", "CLOSED", "DROPPED"),
    steps=("OPENED", "INVESTIGATING", "MEASURES", "CLOSED"),
    acts=(
        Act("investigate", _at("OPENED"), _MARKET, tone="main"),
        Act("drop", _at("OPENED", "INVESTIGATING"), _MARKET, tone="danger"),
        Act(
            "order",
            _at("INVESTIGATING", "MEASURES"),
            _MARKET,
            body="",
            path="/v1/enforcement-cases/{id}/measures",
            fields=(
                Field("kind", "choice", "measure_kind"),
                Field("instruction"),
                Field("deadline_on", "day"),
                Field("fine_fen", "yuan", is_required=False),
            ),
        ),
        Act(
            "close",
            _at("INVESTIGATING", "MEASURES"),
            _MARKET,
            body="",
            fields=(Field("result", "choice", "case_result"), Field("conclusion")),
        ),
    ),
    form=(
        Field("supplier_id", "supplier"),
        Field("product_id", is_required=False),
        Field("title"),
        Field("grounds", "area"),
    ),
    form_roles=_MARKET,
)
GRANT_FIELDS: Final = (
    Field("supplier_id", "supplier"),
    Field("valid_from_on", "day"),
    Field("valid_until_on", "day"),
    Field("quota_count", "number"),
)
BRANDS: Final = Shelf(
    key="brands",
    path="/work/credit/brands",
    api="/v1/brands",
    id_name="brand_id",
    columns=("name", "region_name", "owner_office", "categories", "status"),
    facts=("name", "name_en", "region_name", "owner_office", "categories", "quality_rule", "status"),
    acts=(
        Act("grant-brand", _at("ACTIVE"), _OWNERS, body="", fields=GRANT_FIELDS, path="/v1/brands/{id}/grants"),
        Act("retire", _at("ACTIVE"), _OWNERS, tone="danger"),
    ),
    form=(
        Field("name"),
        Field("name_en", is_required=False),
        Field("region_code", "place"),
        Field("owner_office"),
        Field("categories", "categories", "category"),
        Field("quality_rule", "area"),
    ),
    form_roles=_OWNERS,
)
DEMONSTRATIONS: Final = Shelf(
    key="demonstrations",
    path="/work/credit/demonstrations",
    api="/v1/demonstrations",
    id_name="demonstration_id",
    columns=("name", "kind", "county_code", "status", "reviewed_for_year", "applied_at"),
    facts=("name", "kind", "county_code", "statement", "status", "status_reason", "reviewed_for_year", "is_review_due"),
    statuses=("APPLIED", "REVIEW", "NAMED", "REJECTED", "REMOVED"),
    steps=("APPLIED", "REVIEW", "NAMED"),
    filters={"kind": "demonstration_kind"},
    acts=(
        Act("review", _at("APPLIED"), _PROVINCE, tone="main"),
        Act("name", _at("REVIEW"), _PROVINCE, tone="main"),
        Act("reject", _at("REVIEW"), _PROVINCE, tone="danger"),
        Act("remove", _at("NAMED"), _PROVINCE, tone="danger"),
        Act(
            "review-year",
            _at("NAMED"),
            _PROVINCE,
            body="",
            fields=(Field("year", "number"), Field("is_passed", "flag"), Field("note")),
        ),
        Act("resubmit", _at("REJECTED"), kinds=_SUPPLIER, body="", fields=(Field("statement", "area"),)),
    ),
    form=(
        Field("kind", "choice", "demonstration_kind"),
        Field("name"),
        Field("county_code", "county"),
        Field("statement", "area"),
    ),
    form_kinds=frozenset({"supplier", "official", "operator"}),
    form_roles=frozenset({"assistance", "agriculture", "decider"}),
)
SHARES: Final = Shelf(
    key="shares",
    path="/work/credit/shares",
    api="/v1/credit-shares/hits",
    id_name="line_id",
    columns=("name", "list", "reason", "document_number", "source", "starts_on", "ends_on", "imported_at"),
    facts=(),
    form=(Field("source"),),
    form_roles=_MARKET,
    has_page=False,
)
TABS: Final = (PLACEMENTS, EVENTS, APPEALS, CASES, SHARES, BRANDS, DEMONSTRATIONS)
SHELVES: Final = {each.path.rpartition("/")[2]: each for each in TABS}
