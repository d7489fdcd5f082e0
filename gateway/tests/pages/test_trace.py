"""The trace page: the lot's temperature on its way, also when logistics does not answer."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.pages import trace
from gateway.pages.shell import Page
from gateway.services import ServiceCalls
from gateway.settings import GatewaySettings
from gateway.upstream import UpstreamClient
from gateway.visitor import Language

PageOf = Callable[..., Page]
CODE = "42032500000126112000011"
LOT = {
    "code": CODE,
    "external_trace_code": "",
    "status": "OPEN",
    "is_warned": False,
    "warning": "",
    "product_id": "0199d7a0-0000-7000-8000-000000000001",
    "product_title": "房县干香菇",
    "product_title_en": "Fangxian dried shiitake",
    "picture": "shiitake",
    "supplier_id": "0199d7a0-0000-7000-8000-000000000002",
    "supplier_name": "房县大山合作社",
    "supplier_name_en": "",
    "origin": {
        "province": "湖北省",
        "city": "十堰市",
        "county_code": "420325",
        "county": "房县",
        "village": "大山村",
        "designations": ["assisted-832"],
    },
    "harvested_on": "2026-11-20",
    "packs": [],
    "certificates": [],
    "inspections": [],
}
MEASURED = {
    "code": CODE,
    "parcel_count": 1200,
    "measured_count": 50,
    "reading_count": 4321,
    "min_c": -18.5,
    "max_c": 6.96,
    "out_minutes": 40,
    "gap_minutes": 1,
    "worst_severity": "major",
    "temperature_range": {"min_c": 0, "max_c": 4},
}
UNMEASURED = MEASURED | {
    "measured_count": 0,
    "reading_count": 0,
    "min_c": None,
    "max_c": None,
    "out_minutes": None,
    "gap_minutes": None,
    "worst_severity": None,
    "temperature_range": None,
}


def drawn(page: Page, told: dict[str, Any] | None) -> str:
    return bytes(page.render("trace.html", **trace.trace_view(LOT, told, page)).body).decode()


def test_the_page_says_how_cold_the_lot_was_kept(page_of: PageOf) -> None:
    shown = drawn(page_of(path=f"/trace/{CODE}"), MEASURED)
    for text in ("途中曾超出要求的温度", "0.0 ℃ – 4.0 ℃", "−18.5 ℃", "7.0 ℃", "40 分钟", "最近 50 个（共 1,200 个）"):
        assert text in shown
    shown = drawn(page_of("en"), MEASURED | {"out_minutes": 0, "gap_minutes": 0})
    assert "In the wanted range all the way" in shown
    assert "0 minutes" in shown
    assert "Without readings" not in shown


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (None, "The temperature record cannot be read now."),
        (UNMEASURED, "The parcels that were sent carried no device."),
        (UNMEASURED | {"parcel_count": 0}, "Nothing of this lot was sent yet."),
        (MEASURED | {"out_minutes": 0, "temperature_range": None}, "Measured on the way"),
    ],
)
def test_where_nothing_can_be_said_the_page_says_why(
    page_of: PageOf, told: dict[str, Any] | None, sentence: str
) -> None:
    assert sentence in drawn(page_of("en"), told)


def test_an_upper_limit_alone_is_told_as_one(page_of: PageOf, language: Language) -> None:
    shown = drawn(page_of(language), MEASURED | {"temperature_range": {"min_c": None, "max_c": -18}})
    assert ("不高于 −18.0 ℃" if language == "zh" else "at most −18.0 ℃") in shown


async def test_without_logistics_the_rest_of_the_trace_is_told() -> None:
    nobody = dict.fromkeys(("catalog", "orders", "logistics", "analytics"), "http://127.0.0.1:1")
    client = UpstreamClient(GatewaySettings(database_url="postgresql://nowhere", events_token="x", upstreams=nobody))
    await client.open()
    try:
        assert await trace.temperatures_of(ServiceCalls(client), CODE) is None
    finally:
        await client.close()
