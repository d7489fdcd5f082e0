"""The two languages say the same things, and pages say nothing that is not in both."""

import re
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.pages import wording
from gateway.pages.wording import files_of, merged, read_texts

PAGES = Path(wording.__file__).parent
TEMPLATES = PAGES.parent / "templates"
USED = re.compile(r"\b(?:page\.)?t\.([a-z_]+)\.([a-z_0-9]+)")
NAMES_USED = re.compile(r"names\[['\"]([a-z_]+)['\"]\]")


def flat(table: dict[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= flat(value, f"{path}{key}.") if isinstance(value, dict) else {f"{path}{key}": value}
    return found


def blanks(value: Any) -> Any:
    if isinstance(value, list):
        return [blanks(each) for each in value]
    if isinstance(value, dict):
        return {key: blanks(each) for key, each in value.items()}
    return {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}


def test_both_languages_have_the_same_files_and_each_file_the_same_keys() -> None:
    zh, en = files_of("zh"), files_of("en")
    assert [file.name for file in zh] == [file.name for file in en]
    for ours, theirs in zip(zh, en, strict=True):
        assert sorted(flat(tomllib.loads(ours.read_text()))) == sorted(flat(tomllib.loads(theirs.read_text())))


def test_files_are_merged_and_names_one_level_deeper() -> None:
    shop = ("shop.toml", {"cart": {"title": "a"}, "names": {"grade": {"a": "1"}}})
    work = ("work.toml", {"work": {"title": "b"}, "names": {"role": {"admin": "2"}}})
    assert merged([shop, work]) == {
        "cart": {"title": "a"},
        "work": {"title": "b"},
        "names": {"grade": {"a": "1"}, "role": {"admin": "2"}},
    }


def test_a_table_in_two_files_is_refused_and_both_are_named() -> None:
    with pytest.raises(ValueError, match=r"\[cart\] is in shop.toml and in work.toml"):
        merged([("shop.toml", {"cart": {"a": "1"}}), ("work.toml", {"cart": {"b": "2"}})])


def test_names_of_the_same_codes_in_two_files_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[names.grade\] is in shop.toml and in work.toml"):
        merged([("shop.toml", {"names": {"grade": {}}}), ("work.toml", {"names": {"grade": {}}})])


def test_both_languages_have_the_same_keys() -> None:
    zh, en = flat(read_texts("zh")), flat(read_texts("en"))
    assert sorted(zh) == sorted(en)


def test_both_languages_fill_in_the_same_blanks() -> None:
    zh, en = flat(read_texts("zh")), flat(read_texts("en"))
    assert {key: blanks(value) for key, value in zh.items() if not key.endswith(".one")} == {
        key: blanks(value) for key, value in en.items() if not key.endswith(".one")
    }


def test_no_text_is_empty_but_the_chinese_space_between_sentences() -> None:
    assert [key for key, value in flat(read_texts("zh")).items() if not value] == ["site.sentence_space"]
    assert [key for key, value in flat(read_texts("en")).items() if not value] == []


def test_every_text_that_a_page_uses_exists() -> None:
    tables = read_texts("zh")
    sources = [*TEMPLATES.rglob("*.html"), *PAGES.rglob("*.py")]
    used = {match.groups() for source in sources for match in USED.finditer(source.read_text())}
    assert len(used) > 150
    assert sorted(f"{table}.{key}" for table, key in used if key not in tables.get(table, {})) == []


def test_every_table_of_names_that_a_page_uses_exists() -> None:
    sources = [*TEMPLATES.rglob("*.html"), *PAGES.rglob("*.py")]
    used = {match[1] for source in sources for match in NAMES_USED.finditer(source.read_text())}
    assert sorted(used - read_texts("zh")["names"].keys()) == []


def test_a_counted_text_knows_one_from_many() -> None:
    texts = wording.wording("en")
    assert texts.list.found(1) == "1 product"
    assert texts.list.found(1461) == "1,461 products"
