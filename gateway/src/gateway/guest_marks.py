"""The mark over a guest's id: only who has the master key can make one."""

import base64
import hmac
from uuid import UUID

_PURPOSE = b"the cart of "


class GuestMarks:
    """Cookies' values of guests: the id and a mark that only who has the master key can make."""

    def __init__(self, master_key: bytes) -> None:
        self._master_key = master_key

    def value_of(self, guest_id: UUID) -> str:
        """The cookie's value."""
        mark = hmac.digest(self._master_key, _PURPOSE + guest_id.bytes, "sha256")
        return f"{guest_id.hex}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"

    def guest_of(self, value: str) -> UUID | None:
        """Whose value this is; None unless we made it."""
        try:
            guest_id = UUID(hex=value.partition(".")[0])
        except ValueError:
            return None
        return guest_id if hmac.compare_digest(self.value_of(guest_id).encode(), value.encode()) else None
