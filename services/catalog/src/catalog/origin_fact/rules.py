"""Which facts are recorded, of what, and of which kind."""

from typing import Any

from shared.errors import Invalid

RECORDED: dict[str, tuple[str, str]] = {
    "village": ("product", "text"),
    "made_by_registered_household": ("product", "flag"),
    "main_material_from_assisted_areas": ("product", "flag"),
    "employed_registered_poor": ("supplier", "number"),
    "is_leading_enterprise": ("supplier", "flag"),
    "village_registered_poor": ("village", "number"),
    "is_assisted_village": ("village", "flag"),
    "is_relocation_site": ("village", "flag"),
}
"""The facts that officials record, of what, and their kind; the others the catalog knows itself."""


def ensure_fact(name: str, value: Any) -> tuple[str, str]:
    """What the fact is of, and its kind; 422 `fact-unknown`, `fact-value-invalid`."""
    if name not in RECORDED:
        raise Invalid(
            f"This is no fact that is recorded. Known: {', '.join(sorted(RECORDED))}.",
            code="fact-unknown",
            field="name",
        )
    subject, kind = RECORDED[name]
    is_right = {
        "flag": isinstance(value, bool),
        "number": isinstance(value, int) and not isinstance(value, bool) and value >= 0,
        "text": isinstance(value, str) and bool(value),
    }[kind]
    if not is_right:
        raise Invalid(f"{name} takes a {kind}.", code="fact-value-invalid", field="value", kind=kind)
    return subject, kind
