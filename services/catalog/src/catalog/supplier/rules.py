"""Who may be a supplier, by whose unified social credit code it is, and its way through the review."""

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after
from shared.uscc import HOLDERS, has_form, is_uscc

KINDS: dict[str, frozenset[str]] = {
    "enterprise": frozenset({"91"}),
    "cooperative": frozenset({"93"}),
    "family_farm": frozenset({"91", "92"}),
    "village_collective": frozenset({"N1", "N2", "N3", "54"}),
    "agent": frozenset({"91", "92"}),
}
"""The holders that may register as each kind of supplier."""

STATUSES = (
    "DRAFT",
    "SUBMITTED",
    "COUNTY_REVIEW",
    "COUNTY_REJECTED",
    "RECOMMENDED",
    "PLATFORM_REVIEW",
    "PLATFORM_REJECTED",
    "ACTIVE",
    "SUSPENDED",
    "EXITED",
)
"""The way of a supplier: it applies, its county reviews and recommends, the platform reviews and admits."""

STATUS_NAMES = dict(
    zip(
        STATUSES,
        ("草稿", "已提交", "县级审核", "县级退回", "县级已推荐", "平台审核", "平台退回", "在册", "暂停", "已退出"),
        strict=True,
    )
)
KIND_NAMES = {
    "enterprise": "企业",
    "cooperative": "合作社",
    "family_farm": "家庭农场",
    "village_collective": "村集体",
    "agent": "代理商",
}
CHECK_NAMES = {"NONE": "无代码", "PASSED": "通过", "FAILED": "未通过", "LET_THROUGH": "人工放行"}
"""What files to download call them."""

EDITABLE = frozenset({"DRAFT", "COUNTY_REJECTED", "PLATFORM_REJECTED"})
"""While the application is its author's."""
UNDER_REVIEW = frozenset({"SUBMITTED", "COUNTY_REVIEW", "RECOMMENDED", "PLATFORM_REVIEW"})
"""While others judge it: nothing of what they judge may change under their eyes."""

MOVES: Moves = {
    "submit": (EDITABLE, "SUBMITTED"),
    "withdraw": (UNDER_REVIEW, "DRAFT"),
    "take_up": (frozenset({"SUBMITTED"}), "COUNTY_REVIEW"),
    "county_reject": (frozenset({"COUNTY_REVIEW"}), "COUNTY_REJECTED"),
    "recommend": (frozenset({"COUNTY_REVIEW"}), "RECOMMENDED"),
    "examine": (frozenset({"RECOMMENDED"}), "PLATFORM_REVIEW"),
    "platform_reject": (frozenset({"PLATFORM_REVIEW"}), "PLATFORM_REJECTED"),
    "admit": (frozenset({"PLATFORM_REVIEW"}), "ACTIVE"),
    "suspend": (frozenset({"ACTIVE"}), "SUSPENDED"),
    "resume": (frozenset({"SUSPENDED"}), "ACTIVE"),
    "exit": (frozenset({"ACTIVE", "SUSPENDED"}), "EXITED"),
}
"""Each verb: the states that it leads on from, and where to."""


def ensure_uscc(code: str, *, kind: str, is_as_printed: bool = False) -> None:
    """422 `uscc-invalid` for a wrong code, `uscc-kind-mismatch` for one of another kind of holder.

    Some codes are printed on real licences with a check character that does not fit: `is_as_printed` says that this is
    one of them, and a reviewer will have to let it through.
    """
    if not (is_uscc(code) or (is_as_printed and has_form(code))):
        raise Invalid(
            "This is not a unified social credit code: 18 characters, the last one checks the others.",
            code="uscc-invalid",
            field="uscc",
            has_form=has_form(code),
        )
    if code[:2] not in KINDS[kind]:
        raise Invalid(
            f"The code belongs to a {HOLDERS[code[:2]]}, which cannot be a supplier of kind {kind}.",
            code="uscc-kind-mismatch",
            field="uscc",
        )


def uscc_check(code: str | None) -> str:
    """How the code stands before anybody looked at it: PASSED, FAILED, or NONE without one."""
    if code is None:
        return "NONE"
    return "PASSED" if is_uscc(code) else "FAILED"


def ensure_may_lack_uscc(kind: str) -> None:
    """422 `uscc-missing` unless the supplier is a family farm, which may be a person without one."""
    if kind != "family_farm":
        raise Invalid(
            f"A supplier of kind {kind} has a unified social credit code: give it.", code="uscc-missing", field="uscc"
        )


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `supplier-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="supplier")


def ensure_editable(status: str) -> None:
    """409 `supplier-not-editable` once the application has left its author's hands."""
    if status not in EDITABLE:
        raise Conflict(
            "The application was handed in: withdraw it, then change it.",
            code="supplier-not-editable",
            status_now=status,
        )


def ensure_not_under_review(status: str) -> None:
    """409 `supplier-under-review` while others judge the application."""
    if status in UNDER_REVIEW:
        raise Conflict(
            "The application is being judged: withdraw it, then change it.",
            code="supplier-under-review",
            status_now=status,
        )


def ensure_code_fails(check: str) -> None:
    """409 `uscc-check-passed` unless the code waits to be let through."""
    if check != "FAILED":
        raise Conflict("This code needs nobody to let it through.", code="uscc-check-passed", uscc_check=check)


def ensure_code_settled(check: str) -> None:
    """409 `uscc-not-let-through` while the code's check character fails and nobody has answered for it."""
    if check == "FAILED":
        raise Conflict(
            "The credit code's check character is wrong. Compare it with the licence and let it through with a reason, "
            "or reject the application.",
            code="uscc-not-let-through",
            field="uscc",
        )


def ensure_may_sell(status: str) -> None:
    """409 `supplier-not-active` unless the supplier was admitted and is not suspended."""
    if status != "ACTIVE":
        raise Conflict(
            "The supplier is not admitted, or is suspended: its goods cannot be listed.", code="supplier-not-active"
        )


def ensure_not_declared(linked_households: int) -> None:
    """422 `linked-households-counted`: a supplier does not say how many households it is linked with."""
    if linked_households:
        raise Invalid(
            "Households are counted from confirmed linkages: enter those, with the villages.",
            code="linked-households-counted",
            field="linked_households",
        )
