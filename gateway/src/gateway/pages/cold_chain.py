"""A parcel's temperature in words, in a table and as the data of its chart."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from gateway.pages.figures import instant_of
from gateway.pages.shell import Page

_BP_PER_PERCENT: Final = 100
_GAP_BUCKETS: Final = 1.5  # a bucket's start later than this many buckets after the one before leaves a hole


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; degrees Celsius."""

    time: str
    low: str
    mean: str
    high: str
    count: str
    is_out: bool


@dataclass(frozen=True, slots=True)
class ColdView:
    """Everything that is said of a parcel's temperature."""

    is_good: bool
    summary: str
    label: str
    caption: str
    excursions: list[str]
    rows: list[Row]
    data: dict[str, Any]


def degrees(value: float | None) -> str:
    """A temperature with one decimal and a real minus sign."""
    return "—" if value is None else f"{value:.1f}".replace("-", "−")


def range_text(limits: dict[str, Any] | None, page: Page) -> str:
    """The range of the class: 0–8 °C, at most −18 °C, at least 2 °C."""
    texts = page.t.tracking
    if limits is None or (limits["min_c"] is None and limits["max_c"] is None):
        return str(texts.no_range)
    low, high = limits["min_c"], limits["max_c"]
    if low is None:
        return str(texts.at_most(high=f"{high:g}".replace("-", "−")))
    if high is None:
        return str(texts.at_least(low=f"{low:g}".replace("-", "−")))
    return f"{low:g}–{high:g} °C".replace("-", "−")


def duration_text(seconds: float, page: Page) -> str:
    """Minutes, or hours and minutes."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:  # noqa: PLR2004
        return str(page.t.tracking.minutes(n=minutes))
    return str(page.t.tracking.hours(h=minutes // 60, m=minutes % 60))


def excursion_text(item: dict[str, Any], page: Page) -> str:
    """One excursion or gap: when, how far, how long, how grave."""
    names, texts = page.t.names, page.t.tracking
    start = instant_of(item["started_at"])
    end = instant_of(item["ended_at"]) if item.get("ended_at") else None
    span = f"{start:%m-%d %H:%M} – {end:%m-%d %H:%M}" if end else texts.since(time=f"{start:%m-%d %H:%M}")
    lasted = duration_text((end - start).total_seconds(), page) if end else ""
    parts = [span, names["excursion"][item["kind"]]]
    if item.get("extreme_c") is not None and item["kind"] != "gap":
        parts.append(texts.extreme(value=degrees(item["extreme_c"])))
    if lasted:
        parts.append(lasted)
    parts.append(names["severity"][item["severity"]])
    return " · ".join(parts)


def chart_data(measured: dict[str, Any], page: Page) -> dict[str, Any]:
    """Points as [local time, low, mean, high]; a hole between two buckets is an empty point, so the line breaks."""
    step = timedelta(seconds=measured["bucket_seconds"] or 60)
    points: list[list[Any]] = []
    last = None
    for bucket in measured["buckets"]:
        at = instant_of(bucket["at"])
        if last is not None and at - last > step * _GAP_BUCKETS:
            points.append([f"{last + step:%Y-%m-%dT%H:%M:%S}", None, None, None])
        points.append([f"{at:%Y-%m-%dT%H:%M:%S}", bucket["min_c"], bucket["mean_c"], bucket["max_c"]])
        last = at
    limits = measured.get("temperature_range") or {}
    end = instant_of(measured["end"]) if measured.get("end") else None

    def spans(items: list[dict[str, Any]]) -> list[list[str]]:
        found = []
        for item in items:
            until = instant_of(item["ended_at"]) if item.get("ended_at") else end
            start = instant_of(item["started_at"])
            found.append([f"{start:%Y-%m-%dT%H:%M:%S}", f"{until or start:%Y-%m-%dT%H:%M:%S}"])
        return found

    texts = page.t.tracking
    return {
        "points": points,
        "low": limits.get("min_c"),
        "high": limits.get("max_c"),
        "excursions": spans(measured["excursions"]),
        "gaps": spans(measured["gaps"]),
        "words": {
            "mean": texts.mean,
            "band": texts.band,
            "range": texts.range,
            "excursion": texts.excursion_word,
            "gap": texts.gap_word,
            "unit": "°C",
        },
    }


def summary_of(measured: dict[str, Any], limits: str, page: Page) -> str:
    """The answer to the question above the chart, in one or two sentences."""
    texts = page.t.tracking
    buckets = measured["buckets"]
    low, high = min(each["min_c"] for each in buckets), max(each["max_c"] for each in buckets)
    if measured["excursions"]:
        kept = measured.get("compliance_bp")
        share = f"{kept / _BP_PER_PERCENT:.1f}" if kept is not None else "—"
        first = texts.summary_bad(len(measured["excursions"]), share=share, range=limits)
    else:
        first = texts.summary_good(range=limits)
    parts = [first, texts.summary_span(low=degrees(low), high=degrees(high), n=f"{measured['reading_count']:,}")]
    if measured["gaps"]:
        parts.append(texts.summary_gaps(len(measured["gaps"])))
    return str(page.t.site.sentence_space).join(str(part) for part in parts)


def cold_view(measured: dict[str, Any], class_name: str, page: Page) -> ColdView | None:
    """What the page says of the temperatures; None where nothing was measured."""
    if not measured["buckets"]:
        return None
    texts = page.t.tracking
    limits = range_text(measured.get("temperature_range"), page)
    summary = summary_of(measured, limits, page)
    events = sorted([*measured["excursions"], *measured["gaps"]], key=lambda each: str(each["started_at"]))
    low, high = (
        (measured.get("temperature_range") or {}).get("min_c"),
        (measured.get("temperature_range") or {}).get("max_c"),
    )
    return ColdView(
        is_good=not measured["excursions"],
        summary=summary,
        label=f"{texts.question} {summary}",
        caption=texts.caption(
            name=class_name, range=limits, source=texts.source_devices, end=page.time(measured["end"])
        ),
        excursions=[excursion_text(each, page) for each in events],
        rows=[
            Row(
                time=f"{instant_of(each['at']):%m-%d %H:%M}",
                low=degrees(each["min_c"]),
                mean=degrees(each["mean_c"]),
                high=degrees(each["max_c"]),
                count=f"{each['reading_count']:,}",
                is_out=(low is not None and each["min_c"] < low) or (high is not None and each["max_c"] > high),
            )
            for each in measured["buckets"]
        ],
        data=chart_data(measured, page),
    )
