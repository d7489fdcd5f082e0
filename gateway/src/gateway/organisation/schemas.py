"""What the organisation routes take and give."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from gateway.account.models import Person
from gateway.account.schemas import Contact, Input
from gateway.organisation.models import Membership, Organisation
from gateway.organisation.rules import Kind

OrganisationName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Region = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
Regions = Annotated[list[Region], Field(max_length=200, description="Six-digit division codes; 520000 holds 522600.")]
Roles = Annotated[list[str], Field(min_length=1, max_length=10)]


class NewOrganisation(Input):
    """An organisation and, if a person founds it, that person as its administrator."""

    kind: Kind
    name: OrganisationName
    name_en: OrganisationName
    regions: Regions = Field(default_factory=list)


class OrganisationChange(Input):
    """What of an organisation changes."""

    name: OrganisationName | None = None
    name_en: OrganisationName | None = None


class OrganisationDetail(BaseModel):
    """An organisation."""

    organisation_id: UUID
    kind: str
    name: str
    name_en: str
    regions: list[str]
    created_at: datetime
    revision: int

    @classmethod
    def of(cls, organisation: Organisation) -> Self:
        """As it is shown to its people and to operators."""
        return cls.model_validate(organisation, from_attributes=True)


class NewMember(Input):
    """Who joins, by the e-mail address or number of the account, and as what."""

    identifier: Contact
    roles: Roles
    regions: Regions = Field(default_factory=list)


class MemberChange(Input):
    """What a member may be from now on."""

    roles: Roles
    regions: Regions = Field(default_factory=list)


class Member(BaseModel):
    """A person of an organisation."""

    person_id: UUID
    display_name: str
    email: str | None
    phone: str | None
    roles: list[str]
    regions: list[str]
    created_at: datetime
    revision: int

    @classmethod
    def of(cls, membership: Membership, person: Person) -> Self:
        """As administrators see it."""
        return cls(
            person_id=person.person_id,
            display_name=person.display_name,
            email=person.email,
            phone=person.phone,
            roles=membership.roles,
            regions=membership.regions,
            created_at=membership.created_at,
            revision=membership.revision,
        )
