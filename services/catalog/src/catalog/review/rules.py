"""What a reviewer must see before buyers do, what differs, and who may review."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.errors import Conflict, Forbidden, Invalid

LISTING, CHANGE = "LISTING", "CHANGE"
PENDING, ACCEPTED, REJECTED, WITHDRAWN = "PENDING", "ACCEPTED", "REJECTED", "WITHDRAWN"
STATUSES = (PENDING, ACCEPTED, REJECTED, WITHDRAWN)
MOVES: dict[str, tuple[frozenset[str], str]] = {
    "accept": (frozenset({PENDING}), ACCEPTED),
    "reject": (frozenset({PENDING}), REJECTED),
    "withdraw": (frozenset({PENDING}), WITHDRAWN),
}
"""A review is decided once."""
REVIEWER_ROLES = frozenset({"reviewer", "operator", "admin"})
SKU_PREFIX = "skus."
WHOLE = frozenset({"product", "skus", "prices", "certificates"})
"""What a reason may be about beside single fields."""


@dataclass(frozen=True)
class Difference:
    """A field that is to change; `before` is None for what was not there."""

    field: str
    before: Any
    after: Any


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `review-status` for a review that is decided."""
    before, after = MOVES[verb]
    if status not in before:
        raise Conflict(f"This review is {status} already.", code="review-status", status_now=status)
    return after


def ensure_may_review(
    *,
    is_operator: bool,
    roles: Collection[str],
    person_id: UUID,
    organisation_id: UUID | None,
    supplier_id: UUID,
    acted_for_supplier: Collection[UUID],
) -> None:
    """403 `reviewers-only` without the role, `own-product` for who belongs to the supplier or worked on the product for
    it, whatever organisation is chosen now."""
    if not is_operator or REVIEWER_ROLES.isdisjoint(roles):
        raise Forbidden(
            "Products are reviewed by operators with the role reviewer.",
            code="reviewers-only",
            roles=sorted(REVIEWER_ROLES),
        )
    if organisation_id == supplier_id or person_id in acted_for_supplier:
        raise Forbidden("Nobody reviews a product of the own supplier.", code="own-product")


def is_harmless(policy: str, before: Any, after: Any) -> bool:
    """Whether a change takes effect at once under its field's policy."""
    if policy == "never":
        return True
    return policy == "additions" and bool(after) and set(after) <= set(before or ())


def split_changes(
    changes: Mapping[str, Any], current: Mapping[str, Any], policies: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What takes effect at once, and what waits for a reviewer. What changes nothing is in neither; a field without a
    policy waits."""
    at_once: dict[str, Any] = {}
    waits: dict[str, Any] = {}
    for field, after in changes.items():
        before = current.get(field)
        if after == before:
            continue
        chosen = at_once if is_harmless(policies.get(field, "always"), before, after) else waits
        chosen[field] = after
    return at_once, waits


def taken_back(pending: Mapping[str, Any], changes: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Of the changes those that set a pending field back to what is on sale."""
    return {field: value for field, value in changes.items() if field in pending and current.get(field) == value}


def merged(pending: Mapping[str, Any], changes: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The pending fields with further changes; what is back at what is on sale now leaves them."""
    found = {**pending, **changes}
    return {field: value for field, value in found.items() if field not in current or current[field] != value}


def differences(fields: Mapping[str, Any], current: Mapping[str, Any]) -> list[Difference]:
    """Each pending field beside what it is now, packs after the product's own fields."""
    order = sorted(fields, key=lambda field: (field.startswith(SKU_PREFIX), field))
    return [Difference(field, current.get(field), fields[field]) for field in order]


def sku_field(sku_id: UUID, field: str = "") -> str:
    """The name of a pack's field in a review; of the whole new pack without `field`."""
    return f"{SKU_PREFIX}{sku_id}.{field}" if field else f"{SKU_PREFIX}{sku_id}"


def by_sku(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[UUID, dict[str, Any]], list[UUID]]:
    """The product's own fields, the changed fields of each pack, and the new packs."""
    own: dict[str, Any] = {}
    packs: dict[UUID, dict[str, Any]] = {}
    new: list[UUID] = []
    for name, value in fields.items():
        if not name.startswith(SKU_PREFIX):
            own[name] = value
            continue
        sku_id, _, field = name.removeprefix(SKU_PREFIX).partition(".")
        if field:
            packs.setdefault(UUID(sku_id), {})[field] = value
        else:
            new.append(UUID(sku_id))
    return own, packs, new


def ensure_reasons(reasons: Mapping[str, str], known: Iterable[str]) -> None:
    """422 `reason-missing` without any, `reason-field-unknown` for a reason about what is not under review."""
    if not reasons:
        raise Invalid("Say what is wrong, field by field.", code="reason-missing", field="reasons")
    allowed = {*known, *WHOLE}
    for field in reasons:
        if field not in allowed:
            raise Invalid(
                f"{field!r} is not under review.",
                code="reason-field-unknown",
                field="reasons",
                known=sorted(allowed),
            )


def accepted_part(fields: Mapping[str, Any], rejected: Collection[str]) -> dict[str, Any]:
    """The fields of a change that take effect. 422 `reason-field-unknown` for one that is not in it, and
    `review-nothing-accepted` if none is left: that is a rejection."""
    for field in rejected:
        if field not in fields:
            raise Invalid(
                f"{field!r} is not in this change.",
                code="reason-field-unknown",
                field="rejected",
                known=sorted(fields),
            )
    left = {field: value for field, value in fields.items() if field not in rejected}
    if not left:
        raise Invalid(
            "Nothing is accepted then: reject the change instead.", code="review-nothing-accepted", field="rejected"
        )
    return left


def ensure_whole(rejected: Collection[str]) -> None:
    """422 `review-listing-whole`: a new product is accepted or rejected as a whole."""
    if rejected:
        raise Invalid(
            "A new product is accepted as it is or rejected with reasons.",
            code="review-listing-whole",
            field="rejected",
        )


def ensure_not_in_review(waits: Collection[str]) -> None:
    """409 `product-in-review`: what a reviewer is looking at stays as it is; withdraw it first."""
    if waits:
        raise Conflict(
            "A reviewer is looking at this product. Withdraw it before you change it.",
            code="product-in-review",
            fields=sorted(waits),
        )
