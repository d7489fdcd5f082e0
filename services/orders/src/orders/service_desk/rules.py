"""Who sits at the service desk, and what is shown of whom before it is opened."""

from shared.auth import Caller
from shared.errors import Forbidden

AGENT_ROLES = frozenset({"support", "operator"})
_LEFT_OPEN = 4


def ensure_agent(caller: Caller) -> None:
    """403 `agents-only` for everybody but the platform's service people."""
    if not caller.is_operator or caller.roles.isdisjoint(AGENT_ROLES):
        raise Forbidden("This is for the platform's customer service.", code="agents-only")


def masked_phone(phone: str) -> str:
    """The first three and the last four digits; nothing of what is too short for that."""
    return f"{phone[:3]}****{phone[-_LEFT_OPEN:]}" if len(phone) > 3 + _LEFT_OPEN else "****"


def masked_name(name: str) -> str:
    """The first character."""
    return name[:1] + "**"


def last_digits(wanted: str) -> str | None:
    """The end of a phone number, if that is what four digits are."""
    return wanted if len(wanted) == _LEFT_OPEN and wanted.isascii() and wanted.isdigit() else None
