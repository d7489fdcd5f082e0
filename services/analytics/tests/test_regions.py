"""Counties, their cities and provinces, and their names."""

import pytest

from analytics.regions import origin_of, region_names


@pytest.mark.parametrize(
    ("county", "city", "province"),
    [
        ("520326", "520300", "520000"),
        ("429004", "429004", "420000"),
        ("500235", "500000", "500000"),
        ("441900", "441900", "440000"),
        ("659002", "659002", "650000"),
    ],
)
def test_every_county_has_a_city_and_a_province(county, city, province):
    assert origin_of(county) == (county, city, province)


def test_divisions_of_every_level_have_names():
    names = region_names()
    assert [names[code] for code in ("520000", "520300", "520326", "710000")] == [
        "贵州省",
        "遵义市",
        "务川仡佬族苗族自治县",
        "台湾省",
    ]


def test_every_county_of_the_library_leads_to_a_named_province_and_city():
    names = region_names()
    counties = [code for code in names if not code.endswith("00")]
    assert len(counties) > 2800
    assert [
        code for code in counties if origin_of(code).province not in names or origin_of(code).city not in names
    ] == []
