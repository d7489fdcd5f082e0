"""Whose letter box a notice lies in."""

from uuid import UUID, uuid5

from shared.auth import Caller

PLATFORM = "000000"
_DESKS = UUID("6f0c1c1e-52a7-5c53-9d0a-8a5f0f1b7e52")


def desk_id(region: str, role: str) -> UUID:
    """The letter box of an office: which organisation staffs the agriculture office of a county only the gateway knows,
    so notices to it are addressed by region and role. The platform's reviewers are `desk_id(PLATFORM, "reviewer")`."""
    return uuid5(_DESKS, f"{region}:{role}")


def boxes_of(caller: Caller) -> list[UUID]:
    """All letter boxes that the caller opens: the own organisation's, and those of the offices that he staffs."""
    boxes = [] if caller.organisation_id is None else [caller.organisation_id]
    if caller.kind == "official":
        boxes += [desk_id(region, role) for region in caller.regions for role in sorted(caller.roles)]
    if caller.is_operator and not caller.roles.isdisjoint({"reviewer", "operator"}):
        boxes.append(desk_id(PLATFORM, "reviewer"))
    return boxes
