"""From a question to one statement: what is measured, of which rows, by whom it may be seen.

All conditions are on columns as they were sold, never on a truncated period: a week cut by the range shows its days in
the range only. Values travel as parameters, names come from the metric book: nothing of a request is SQL.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from analytics.fact.rules import instant_text
from analytics.metric.rules import DIMENSIONS, LEFT_OUT, MEASURES, Dimension, Kind
from shared.clock import days_range
from shared.errors import Forbidden, Invalid

MAX_LIMIT = 10_000
_TABLE = "sold_lines FINAL"
_INSTANT = "DateTime64(3, 'UTC')"
_REGION = re.compile(r"[1-9]\d{5}")
_PREFIX = re.compile(r"[1-9]\d(\d\d){0,2}")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True)
class Filter:
    """The dimension's value is one of these."""

    dimension: str
    is_any_of: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """Sort by one of the question's own measures or dimensions."""

    by: str
    descending: bool = False


@dataclass(frozen=True)
class Question:
    """What somebody wants to know. `first` and `last` are whole days in Asia/Shanghai, both included; None is open."""

    measures: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    first: date | None = None
    last: date | None = None
    order: tuple[Order, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the answer: dimensions, then measures."""
        return (*self.dimensions, *self.measures)

    @property
    def whole_order(self) -> tuple[Order, ...]:
        """The order asked for, made total by the dimensions, so that pages neither repeat nor miss a row."""
        asked = self.order or self._natural_order()
        named = {each.by for each in asked}
        return (*asked, *(Order(name) for name in self.dimensions if name not in named))

    def _natural_order(self) -> tuple[Order, ...]:
        """By time where there is time, else the largest first."""
        periods = [name for name in self.dimensions if DIMENSIONS[name].kind is Kind.PERIOD]
        return (Order(periods[0]),) if periods else (Order(self.measures[0], descending=True),)

    @property
    def digest(self) -> str:
        """Tells a cursor of this question from another's."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Scope:
    """The rows that a caller may see at all: everything, or only where these hold. Empty does not narrow."""

    region_prefixes: tuple[str, ...] = ()
    supplier_id: UUID | None = None
    organisation_id: UUID | None = None


def scope_of(*, kind: str, organisation_id: UUID | None, regions: Sequence[str]) -> Scope:
    """Whose figures a caller may see. Whoever is not named here, or lacks what would narrow it, sees nothing: 403.

    Operators and analysts see all, but an analyst whose token names regions those only; an official the own regions
    (codes or prefixes of codes, by the origin of the goods); a supplier its sales; an institution its purchases.
    """
    if kind == "operator":
        return Scope()
    if kind == "analyst":
        return Scope(region_prefixes=tuple(_region_prefix(each) for each in regions))
    if kind == "official":
        if not regions:
            raise Forbidden("Your account has no region yet. Ask the operator for yours.", code="regions-missing")
        return Scope(region_prefixes=tuple(sorted({_region_prefix(each) for each in regions})))
    if kind == "supplier" and organisation_id is not None:
        return Scope(supplier_id=organisation_id)
    if kind == "institution" and organisation_id is not None:
        return Scope(organisation_id=organisation_id)
    raise Forbidden(
        "Figures are for analysts, officials, suppliers (their sales) and institutions (their purchases).",
        code="figures-not-allowed",
    )


def _region_prefix(region: str) -> str:
    """A region of a token as the digits that its counties' codes begin with: 520000 and 52 are 52."""
    if not _PREFIX.fullmatch(region):
        raise Forbidden(
            "Your account's regions cannot be read. Ask the operator to set them.", code="regions-malformed"
        )
    return re.sub(r"^(..)(0000)$|^(....)(00)$", r"\1\3", region)


@dataclass(frozen=True)
class Statement:
    """SQL with its parameters: together they decide the answer, so together they are its cache key."""

    sql: str
    parameters: tuple[tuple[str, Any], ...]

    @property
    def key(self) -> tuple[str, str]:
        """A hashable form."""
        return self.sql, repr(self.parameters)


def ensure_answerable(question: Question) -> None:
    """Every name is in the metric book, every value has its dimension's form. 422 with the field that is wrong."""
    _ensure_names("measures", question.measures, MEASURES)
    _ensure_names("dimensions", question.dimensions, DIMENSIONS)
    if question.first and question.last and question.last < question.first:
        raise Invalid("`to` is before `from`; both days are included.", code="period-empty", field="to")
    for place, filtered in enumerate(question.filters):
        if filtered.dimension not in DIMENSIONS:
            raise _unknown(f"filters.{place}.dimension", filtered.dimension, DIMENSIONS)
        for number, value in enumerate(filtered.is_any_of):
            _ensure_value(f"filters.{place}.is_any_of.{number}", DIMENSIONS[filtered.dimension], value)
    seen: set[str] = set()
    for place, each in enumerate(question.order):
        if each.by not in question.names:
            raise _unknown(f"order.{place}.by", each.by, question.names)
        if each.by in seen:
            raise Invalid(f"`{each.by}` is sorted by twice.", code="name-repeated", field=f"order.{place}.by")
        seen.add(each.by)


def _ensure_names(field: str, names: Sequence[str], known: Any) -> None:
    for place, name in enumerate(names):
        if name not in known:
            raise _unknown(f"{field}.{place}", name, known)
        if name in names[:place]:
            raise Invalid(f"`{name}` is asked for twice.", code="name-repeated", field=f"{field}.{place}")


def _unknown(field: str, name: str, known: Any) -> Invalid:
    return Invalid(f"`{name}` is not one of {', '.join(known)}.", code="name-unknown", field=field, allowed=list(known))


def _ensure_value(field: str, dimension: Dimension, value: str) -> None:
    if dimension.kind is Kind.REGION and not _REGION.fullmatch(value):
        raise Invalid("A division code takes six digits, such as 520326.", code="value-malformed", field=field)
    if dimension.kind is Kind.ENTITY:
        try:
            UUID(value)
        except ValueError as error:
            raise Invalid("This takes a UUID.", code="value-malformed", field=field) from error
    if dimension.kind is Kind.PERIOD:
        try:
            period_days(dimension.name, value)
        except (ValueError, OverflowError) as error:
            raise Invalid(
                "A day is 2026-11-22, an ISO week 2026-W47, a month 2026-11.", code="value-malformed", field=field
            ) from error


def period_days(dimension: str, value: str) -> tuple[date, date]:
    """First and last day of a day, an ISO week or a month. ValueError for anything else."""
    if dimension == "day":
        day = date.fromisoformat(value)
        if day.isoformat() != value:
            raise ValueError("a day is YYYY-MM-DD")
        first, last = day, day
    elif dimension == "week" and (week := _WEEK.fullmatch(value)):
        first = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        last = first + timedelta(days=6)
    elif dimension == "month" and (month := _MONTH.fullmatch(value)):
        first = date(int(month[1]), int(month[2]), 1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    else:
        raise ValueError(f"not a {dimension}")
    ensure_storable(first, last)
    return first, last


def ensure_storable(*days: date) -> None:
    """ClickHouse's dates reach from 1970 to 2149. ValueError beyond."""
    if not all(date(1970, 1, 2) <= day <= date(2148, 12, 31) for day in days):
        raise ValueError("a day lies between 1970-01-02 and 2148-12-31")


class _Builder:
    """Collects parameters while conditions are written."""

    def __init__(self) -> None:
        self.parameters: list[tuple[str, Any]] = []

    def bind(self, value: Any, value_type: str) -> str:
        """A placeholder for the value."""
        name = f"p{len(self.parameters)}"
        self.parameters.append((name, value))
        return f"{{{name}:{value_type}}}"

    def within(self, first: date | None, last: date | None) -> list[str]:
        """The instants of whole local days, half-open."""
        conditions = []
        if first is not None:
            start, _ = days_range(first, first)
            conditions.append(f"paid_at >= {self.bind(instant_text(start), _INSTANT)}")
        if last is not None:
            _, end = days_range(last, last)
            conditions.append(f"paid_at < {self.bind(instant_text(end), _INSTANT)}")
        return conditions

    def any_of(self, filtered: Filter) -> str:
        """The filter as a condition on the columns as sold."""
        dimension = DIMENSIONS[filtered.dimension]
        values = sorted(set(filtered.is_any_of))
        if dimension.kind is Kind.PERIOD:
            ranges = [" AND ".join(self.within(*period_days(dimension.name, value))) for value in values]
            return "(" + " OR ".join(f"({each})" for each in ranges) + ")"
        if dimension.name == "designation":
            named = [value for value in values if value != "none"]
            either = [f"hasAny(designations, {self.bind(named, 'Array(String)')})"] if named else []
            either += ["empty(designations)"] if "none" in values else []
            return "(" + " OR ".join(either) + ")"
        return f"{dimension.key_sql} IN {self.bind(values, f'Array({dimension.value_type})')}"

    def conditions(self, question: Question, scope: Scope) -> list[str]:
        """What a row must be to be counted at all. Each is on a column that never changes, so it may be read first."""
        found = self.within(question.first, question.last)
        if scope.region_prefixes:
            each = [f"startsWith(origin_county, {self.bind(prefix, 'String')})" for prefix in scope.region_prefixes]
            found.append("(" + " OR ".join(each) + ")")
        if scope.supplier_id is not None:
            found.append(f"supplier_id = {self.bind(str(scope.supplier_id), 'UUID')}")
        if scope.organisation_id is not None:
            found.append(f"organisation_id = {self.bind(str(scope.organisation_id), 'UUID')}")
        return found + [self.any_of(each) for each in question.filters]


def rows_statement(
    question: Question,
    scope: Scope,
    *,
    limit: int | None = None,
    after: Sequence[Any] = (),
    with_totals: bool = False,
) -> Statement:
    """The rows of the answer in their whole order; `after` are the sort values of the row before, if any.

    `with_totals` also gives each measure over all groups, made of the same pass: only where `can_total_in_passing`.
    """
    builder = _Builder()
    where = builder.conditions(question, scope)
    alias = {name: f"d{place}" for place, name in enumerate(question.dimensions)}
    alias |= {name: f"m{place}" for place, name in enumerate(question.measures)}
    keys = {name: _exploded(DIMENSIONS[name], question, builder) for name in question.dimensions}
    columns = [f"{DIMENSIONS[name].value_sql.format(key=key)} AS {alias[name]}" for name, key in keys.items()]
    columns += [f"{MEASURES[name].sql} AS {alias[name]}" for name in question.measures]
    sql = f"SELECT {', '.join(columns)} FROM {_TABLE}{_prewhere(where)} WHERE {LEFT_OUT}"  # noqa: S608 - names are ours
    order = question.whole_order
    if keys:
        sql += f" GROUP BY {', '.join(keys.values())}{' WITH TOTALS' if with_totals else ''}"
        if after:
            sql += f" HAVING {_beyond(order, after, alias, builder)}"
        sql += " ORDER BY " + ", ".join(f"{alias[each.by]}{' DESC' if each.descending else ''}" for each in order)
    if limit is not None:
        sql += f" LIMIT {limit:d}"
    return Statement(sql, tuple(builder.parameters))


def can_total_in_passing(question: Question) -> bool:
    """Whether the groups together have every line once: a line is in as many groups of designations as it has."""
    return bool(question.dimensions) and "designation" not in question.dimensions


def totals_statement(question: Question, scope: Scope) -> Statement:
    """Each measure over the whole selection at once: a line with two designations counts once."""
    builder = _Builder()
    where = builder.conditions(question, scope)
    measures = ", ".join(MEASURES[name].sql for name in question.measures)
    sql = f"SELECT {measures} FROM {_TABLE}{_prewhere(where)} WHERE {LEFT_OUT}"  # noqa: S608 - as above
    return Statement(sql, tuple(builder.parameters))


def range_statement(scope: Scope) -> Statement:
    """First and last day of the figures in scope, and how many lines they are."""
    builder = _Builder()
    where = _prewhere(builder.conditions(Question(()), scope))
    sql = f"SELECT min(paid_on), max(paid_on), count() FROM {_TABLE}{where} WHERE {LEFT_OUT}"  # noqa: S608 - as above
    return Statement(sql, tuple(builder.parameters))


def _prewhere(conditions: Sequence[str]) -> str:
    return f" PREWHERE {' AND '.join(conditions)}" if conditions else ""


def _exploded(dimension: Dimension, question: Question, builder: _Builder) -> str:
    """Grouped and filtered by designation, an answer shows those that were asked for, not their lines' others."""
    asked = [set(each.is_any_of) for each in question.filters if each.dimension == "designation"]
    if dimension.name != "designation" or not asked:
        return dimension.key_sql
    wanted = sorted(set.intersection(*asked))
    kept = f"arrayFilter(each -> has({builder.bind(wanted, 'Array(String)')}, each), designations)"
    return f"arrayJoin(if(empty(designations), ['none'], {kept}))"


def _beyond(order: Sequence[Order], after: Sequence[Any], alias: dict[str, str], builder: _Builder) -> str:
    """Rows past the one whose sort values are given, in lexicographic order."""
    either: list[str] = []
    equal: list[str] = []
    for each, value in zip(order, after, strict=True):
        value_type = DIMENSIONS[each.by].value_type if each.by in DIMENSIONS else "Int64"
        bound = builder.bind(value, value_type)
        either.append(" AND ".join([*equal, f"{alias[each.by]} {'<' if each.descending else '>'} {bound}"]))
        equal.append(f"{alias[each.by]} = {bound}")
    return "(" + " OR ".join(f"({each})" for each in either) + ")"


def language_of(accept_language: str) -> str:
    """`en` when the reader prefers English to Chinese, else `zh`."""
    weighed = []
    for place, part in enumerate(accept_language.lower().split(",")):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.partition("-")[0]
        if language in {"zh", "en"}:
            try:
                weighed.append((-float(weight or 1), place, language))
            except ValueError:
                continue
    return min(weighed)[2] if weighed else "zh"


def form_of(accept: str) -> str:
    """json, csv or parquet: the first that is named; json for anything else."""
    for part in accept.lower().split(","):
        media_type = part.partition(";")[0].strip()
        if media_type == "text/csv":
            return "csv"
        if media_type == "application/vnd.apache.parquet":
            return "parquet"
        if media_type == "application/json":
            return "json"
    return "json"
