"""Imports as they go out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.import_batch.models import ImportBatch
from catalog.importer.column import Column, sentence
from catalog.importer.kind import Kind
from shared.page import Page

Mode = Literal["abort", "skip"]
Status = Literal["UPLOADED", "CHECKING", "CHECKED", "APPLYING", "APPLIED", "REFUSED", "FAILED", "CANCELLED"]


class ApplyIn(BaseModel):
    """`abort`: nothing while any row is bad; `skip`: the good rows, without the bad ones."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode


class Said(BaseModel):
    """Something that is wrong or worth knowing, in both languages; `code` is stable."""

    code: str
    zh: str
    en: str

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """The sentences of a code with its facts."""
        code = str(facts["code"])
        return cls(code=code, zh=sentence(code, "zh", facts), en=sentence(code, "en", facts))


class Progress(BaseModel):
    """How far the present step is, in rows. `total` is about right until the whole file was read once."""

    done: int
    total: int


class BatchSchema(BaseModel):
    """An import. Counts are rows: what the check found, and what writing did (`lost`: good only until the check)."""

    batch_id: UUID
    kind: str
    file_name: str
    size_bytes: int
    file_format: str
    encoding: str
    supplier_id: UUID | None
    status: Status
    mode: Mode | None
    progress: Progress
    row_count: int
    new_count: int
    changed_count: int
    unchanged_count: int
    bad_count: int
    created_count: int
    updated_count: int
    kept_count: int
    lost_count: int
    heads: list[str]
    warnings: list[Said]
    refusal: Said | None
    uploaded_at: datetime
    checked_at: datetime | None
    finished_at: datetime | None
    is_cleared: bool = Field(description="Its rows and file are no longer kept.")

    @classmethod
    def of(cls, batch: ImportBatch) -> Self:
        """The import as everybody sees it who may see it."""
        names = cls.model_fields.keys() - {"mode", "progress", "warnings", "refusal", "is_cleared"}
        is_writing = batch.status in ("APPLYING", "APPLIED")
        good = batch.checked_count - batch.bad_count
        return cls(
            **{name: getattr(batch, name) for name in names},
            mode=batch.mode or None,
            progress=Progress(
                done=batch.applied_count if is_writing else batch.checked_count,
                total=good if is_writing else max(batch.row_count, batch.checked_count),
            ),
            warnings=[Said.of(each) for each in batch.warnings],
            refusal=Said.of(batch.refusal) if batch.refusal else None,
            is_cleared=batch.rows_cleared_at is not None,
        )


class Fault(Said):
    """What is wrong with a cell: its column (head and letter as in the file) and what stands there."""

    column: str
    head: str
    letter: str
    value: str


class BadRow(BaseModel):
    """A row that cannot be taken, by its number in the sheet."""

    row_number: int
    cells: list[str]
    faults: list[Fault]


class OptionSchema(BaseModel):
    """A value that a column allows."""

    value: str
    zh: str
    en: str


class ColumnSchema(BaseModel):
    """A column of a template."""

    name: str
    zh: str
    en: str
    note_zh: str
    note_en: str
    example: str
    is_required: bool
    options: list[OptionSchema]

    @classmethod
    def of(cls, kind: Kind, column: Column) -> Self:
        """The column as it is explained to people."""
        options = [OptionSchema(value=each.value, zh=each.zh, en=each.en) for each in kind.options_of(column.name)]
        return cls(
            name=column.name,
            zh=column.head("zh"),
            en=column.head("en"),
            note_zh=column.note_zh,
            note_en=column.note_en,
            example=column.example,
            is_required=column.is_required,
            options=options,
        )


class KindSchema(BaseModel):
    """Something that can be imported."""

    kind: str
    zh: str
    en: str
    about_zh: str
    about_en: str
    columns: list[ColumnSchema]

    @classmethod
    def of(cls, kind: Kind) -> Self:
        """The kind with all its columns."""
        told = kind.columns
        return cls(
            kind=kind.name,
            zh=told.zh,
            en=told.en,
            about_zh=told.about_zh,
            about_en=told.about_en,
            columns=[ColumnSchema.of(kind, each) for each in told.columns],
        )


BatchPage = Page[BatchSchema]
BadRowPage = Page[BadRow]
KindPage = Page[KindSchema]
