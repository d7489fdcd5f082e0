"""Dispatch files as they are shown."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

FileStatus = Literal["CHECKED", "APPLYING", "DONE"]
RowStatus = Literal["READY", "WRONG", "SENT", "REFUSED"]


class DispatchFileOut(BaseModel):
    """A file and how its rows stand."""

    file_id: UUID
    name: str
    status: FileStatus
    uploaded_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    row_count: int
    ready_count: int
    wrong_count: int
    sent_count: int
    refused_count: int


class DispatchFileRowOut(BaseModel):
    """A row of the sheet; `code`, `column` and the sentences say what is wrong with it."""

    row_number: int
    status: RowStatus
    order_number: str
    product: str
    quantity: str
    carrier: str
    waybill_number: str
    lot_code: str
    shipment_id: UUID | None
    code: str
    column: str
    sentence: str
    sentence_en: str
