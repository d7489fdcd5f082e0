"""What the routes of keys and clients take and give."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from gateway.account.schemas import Input
from gateway.credential.models import ApiKey, OAuthClient

CredentialName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Scopes = Annotated[list[str], Field(min_length=1, max_length=20, examples=[["orders:read"]])]


class NewKey(Input):
    """A key for a program that acts as its owner, in the organisation that the session acts for."""

    name: CredentialName
    scopes: Scopes
    expires_at: AwareDatetime | None = None


class KeyLine(BaseModel):
    """A key as its owner sees it later: only the beginning of the secret."""

    key_id: UUID
    name: str
    prefix: str
    scopes: list[str]
    organisation_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """As it is shown."""
        return cls.model_validate(key, from_attributes=True)


class MadeKey(BaseModel):
    """The one time that the secret is shown."""

    key: KeyLine
    secret: str


class NewClient(Input):
    """A program that acts for the organisation itself."""

    name: CredentialName
    scopes: Scopes
    roles: Annotated[list[str], Field(min_length=1, max_length=10)]


class ClientLine(BaseModel):
    """A client without its secret."""

    client_id: UUID
    organisation_id: UUID
    name: str
    scopes: list[str]
    roles: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, client: OAuthClient) -> Self:
        """As it is shown."""
        return cls.model_validate(client, from_attributes=True)


class MadeClient(BaseModel):
    """The one time that the secret is shown."""

    client: ClientLine
    client_secret: str
