"""What the account routes take and give."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.account.models import Person
from gateway.identities import Identity
from gateway.organisation.queries import OrganisationChoice

Password = Annotated[str, Field(max_length=1000, description="10 to 200 characters.", examples=["山里的香菇真香 2026"])]
Contact = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class Input(BaseModel):
    """A body; a field that we do not know is an error, for it is a misunderstanding."""

    model_config = ConfigDict(extra="forbid")


class NewAccount(Input):
    """Who wants an account: an e-mail address or a telephone number, or both."""

    display_name: Name
    password: Password
    email: Contact | None = None
    phone: Contact | None = None
    language: Literal["zh", "en"] = "zh"


class ProfileChange(Input):
    """What of a profile changes."""

    display_name: Name | None = None
    language: Literal["zh", "en"] | None = None


class PasswordChange(Input):
    """The present password and the next."""

    current_password: Password
    new_password: Password


class Choice(BaseModel):
    """An organisation that the person may act for."""

    organisation_id: UUID
    kind: str
    name: str
    name_en: str
    roles: list[str]
    regions: list[str]

    @classmethod
    def of(cls, choice: OrganisationChoice) -> Self:
        """As it is shown."""
        return cls(
            organisation_id=choice.organisation_id,
            kind=choice.kind,
            name=choice.name,
            name_en=choice.name_en,
            roles=sorted(choice.roles),
            regions=list(choice.regions),
        )


class Account(BaseModel):
    """A person's account."""

    person_id: UUID
    display_name: str
    email: str | None
    phone: str | None
    language: str
    created_at: datetime
    revision: int

    @classmethod
    def of(cls, person: Person) -> Self:
        """As it is shown to its owner."""
        return cls.model_validate(person, from_attributes=True)


class Me(BaseModel):
    """Who is calling, and as what."""

    person_id: UUID
    via: Literal["session", "api-key", "client"]
    display_name: str
    email: str | None
    phone: str | None
    language: str | None
    kind: str
    roles: list[str]
    regions: list[str]
    scopes: list[str]
    organisation: Choice | None
    organisations: list[Choice]
    csrf_token: str | None = Field(description="For X-CSRF-Token with unsafe requests of this session.")
    expires_at: datetime | None

    @classmethod
    def of(cls, identity: Identity, *, csrf_token: str | None) -> Self:
        """As it is shown to the caller."""
        caller = identity.caller
        return cls(
            person_id=caller.person_id,
            via=identity.via,
            display_name=identity.display_name,
            email=identity.email,
            phone=identity.phone,
            language=identity.language,
            kind=caller.kind,
            roles=sorted(caller.roles),
            regions=list(caller.regions),
            scopes=sorted(caller.scopes),
            organisation=None if identity.organisation is None else Choice.of(identity.organisation),
            organisations=[Choice.of(each) for each in identity.organisations],
            csrf_token=csrf_token,
            expires_at=identity.expires_at,
        )
