"""What the session routes take and give."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from gateway.account.schemas import Contact, Input, Password
from gateway.session.models import Session


class SignIn(Input):
    """An e-mail address or telephone number, and the password."""

    identifier: Contact
    password: Password


class Entry(BaseModel):
    """A session that was opened; its token is in the cookie only."""

    session_id: UUID
    person_id: UUID
    csrf_token: str = Field(description="For X-CSRF-Token with unsafe requests of this session.")
    expires_at: datetime


class SessionLine(BaseModel):
    """One of a person's sessions."""

    session_id: UUID
    is_current: bool
    organisation_id: UUID | None
    user_agent: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, session: Session, *, current_id: UUID) -> Self:
        """As it is shown to its owner."""
        return cls(
            session_id=session.session_id,
            is_current=session.session_id == current_id,
            organisation_id=session.organisation_id,
            user_agent=session.user_agent,
            address=session.address,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
        )


class ChosenOrganisation(Input):
    """The organisation to act for; null is nobody but oneself."""

    organisation_id: UUID | None
