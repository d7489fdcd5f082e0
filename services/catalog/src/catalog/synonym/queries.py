"""Reading groups of words."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.synonym.models import SynonymGroup, SynonymWord
from catalog.synonym.rules import Synonyms
from shared.errors import NotFound


@dataclass(frozen=True)
class Wording:
    """A group with its words, in order."""

    group: SynonymGroup
    words: tuple[str, ...]


def unknown_group() -> NotFound:
    """The refusal of a group that is not there."""
    return NotFound("There is no such group of words.", code="group-unknown")


async def load_synonyms(db: AsyncSession) -> Synonyms:
    """Every word with the words of its group."""
    groups: dict[UUID, list[str]] = defaultdict(list)
    for word, group_id in await db.execute(select(SynonymWord.word, SynonymWord.group_id).order_by(SynonymWord.word)):
        groups[group_id].append(word)
    return {word: tuple(words) for words in groups.values() for word in words}


async def lock_group(db: AsyncSession, group_id: UUID) -> SynonymGroup:
    """The group, held until the end of the transaction; 404 `group-unknown`."""
    group = await db.get(SynonymGroup, group_id, with_for_update=True, populate_existing=True)
    if group is None:
        raise unknown_group()
    return group


async def get_wording(db: AsyncSession, group_id: UUID) -> Wording:
    """The group with its words; 404 `group-unknown`."""
    group = await db.get(SynonymGroup, group_id, populate_existing=True)
    if group is None:
        raise unknown_group()
    words = await _list_words(db, [group_id])
    return Wording(group, tuple(words[group_id]))


async def list_wordings(db: AsyncSession, *, q: str, after: UUID | None, limit: int) -> list[Wording]:
    """Groups, the newest first; with `q`, those that have a word with it in."""
    query = select(SynonymGroup).order_by(SynonymGroup.group_id.desc()).limit(limit)
    if q:
        has_word = exists().where(
            SynonymWord.group_id == SynonymGroup.group_id, SynonymWord.word.contains(q, autoescape=True)
        )
        query = query.where(has_word)
    if after is not None:
        query = query.where(SynonymGroup.group_id < after)
    groups = (await db.scalars(query)).all()
    words = await _list_words(db, [each.group_id for each in groups])
    return [Wording(each, tuple(words[each.group_id])) for each in groups]


async def list_taken(db: AsyncSession, words: Iterable[str], *, besides: UUID) -> Sequence[str]:
    """Those of the words that another group has."""
    query = select(SynonymWord.word).where(SynonymWord.word.in_(set(words)), SynonymWord.group_id != besides)
    return (await db.scalars(query.order_by(SynonymWord.word))).all()


async def list_products_saying(
    db: AsyncSession, words: Sequence[str], *, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """The next products on the shelf, in order of id, in whose text one of the words is."""
    rows = await db.execute(
        text("""
            SELECT DISTINCT product_id FROM product_cards
            WHERE EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS word WHERE strpos(haystack, word) > 0)
              AND (CAST(:after AS uuid) IS NULL OR product_id > :after)
            ORDER BY product_id LIMIT :limit
        """),
        {"words": list(words), "after": after, "limit": limit},
    )
    return list(rows.scalars())


async def _list_words(db: AsyncSession, group_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    query = select(SynonymWord.group_id, SynonymWord.word).where(SynonymWord.group_id.in_(group_ids))
    for group_id, word in await db.execute(query.order_by(SynonymWord.word)):
        found[group_id].append(word)
    return found
