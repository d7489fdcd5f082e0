"""The two answers of the token endpoint."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from gateway.grant.rules import ErrorCode


class TokenAnswer(BaseModel):
    """RFC 6749, 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the word of RFC 6750
    expires_in: int = Field(description="Seconds.")
    scope: str


class TokenRefusal(BaseModel):
    """RFC 6749, 5.2."""

    error: ErrorCode
    error_description: str


TOKEN_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["client_credentials"]},
                        "scope": {"type": "string", "description": "Scopes, with spaces between; all if left out."},
                        "client_id": {"type": "string", "description": "Here or, better, as HTTP Basic."},
                        "client_secret": {"type": "string"},
                    },
                }
            }
        },
    }
}
