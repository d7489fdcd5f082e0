"""Documents as they go out."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class DocumentSchema(BaseModel):
    """What is known of a document; the bytes are at /v1/documents/{document_id}."""

    model_config = ConfigDict(from_attributes=True)

    document_id: UUID
    organisation_id: UUID
    name: str
    content_type: str
    size_bytes: int
    is_public: bool
    uploaded_at: datetime
