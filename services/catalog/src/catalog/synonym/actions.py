"""Editing groups of words, and spelling the products anew that they concern."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.chinese import normalised
from catalog.product import queries as product_queries
from catalog.search import actions as search_actions
from catalog.synonym import queries, rules
from catalog.synonym.models import SynonymGroup, SynonymWord
from catalog.trail.actions import record
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh


async def add_group(
    db: AsyncSession, *, group_id: UUID, words: Sequence[str], note: str, caller: Caller, now: datetime
) -> queries.Wording:
    """A new group. 409 `word-taken` for a word of another group; 422 as `ensure_words` says."""
    group = SynonymGroup(group_id=group_id, note=note, is_applied=False, revision=1, changed_at=now)
    db.add(group)
    await db.flush()
    kept = await _keep_words(db, group_id, words)
    await record(db, subject_kind="synonym", subject_id=group_id, verb="add", caller=caller, now=now, reason=note)
    return queries.Wording(group, kept)


async def edit_group(
    db: AsyncSession,
    *,
    group_id: UUID,
    expected_revision: int,
    words: Sequence[str],
    note: str,
    caller: Caller,
    now: datetime,
) -> tuple[queries.Wording, tuple[str, ...]]:
    """The group with these words instead, and all words whose products must be spelled anew."""
    group = await queries.lock_group(db, group_id)
    ensure_fresh(expected_revision, group.revision)
    before = (await queries.get_wording(db, group_id)).words
    await db.execute(delete(SynonymWord).where(SynonymWord.group_id == group_id))
    kept = await _keep_words(db, group_id, words)
    group.note = note
    group.is_applied = False
    group.revision += 1
    group.changed_at = now
    await db.flush()
    await record(db, subject_kind="synonym", subject_id=group_id, verb="edit", caller=caller, now=now, reason=note)
    return queries.Wording(group, kept), tuple(sorted({*before, *kept}))


async def remove_group(
    db: AsyncSession, *, group_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> tuple[str, ...]:
    """The group is gone; its words, whose products must be spelled anew."""
    group = await queries.lock_group(db, group_id)
    ensure_fresh(expected_revision, group.revision)
    words = (await queries.get_wording(db, group_id)).words
    await db.delete(group)
    await db.flush()
    told = " ".join(words)
    await record(db, subject_kind="synonym", subject_id=group_id, verb="remove", caller=caller, now=now, reason=told)
    return words


async def spell_anew(
    db: AsyncSession, *, words: Sequence[str], after: UUID | None, now: datetime, limit: int = 200
) -> UUID | None:
    """Render the next products that say one of the words; the id to go on after, or None when all are done."""
    due = await queries.list_products_saying(db, words, after=after, limit=limit)
    await search_actions.refresh_cards(db, product_ids=await product_queries.lock_products(db, due), now=now)
    return due[-1] if due else None


async def mark_applied(db: AsyncSession, *, group_id: UUID, revision: int) -> None:
    """Every product was spelled anew since this revision; a later one is still to come."""
    await db.execute(
        update(SynonymGroup)
        .where(SynonymGroup.group_id == group_id, SynonymGroup.revision == revision)
        .values(is_applied=True)
    )


async def _keep_words(db: AsyncSession, group_id: UUID, words: Sequence[str]) -> tuple[str, ...]:
    kept = [normalised(word).strip() for word in words]
    rules.ensure_words(kept)
    if taken := await queries.list_taken(db, kept, besides=group_id):
        raise Conflict(
            f"Another group has {'、'.join(taken)}. A word is in one group.",
            code="word-taken",
            field="words",
            taken=list(taken),
        )
    db.add_all(SynonymWord(word=word, group_id=group_id) for word in kept)
    await db.flush()
    return tuple(sorted(kept))
