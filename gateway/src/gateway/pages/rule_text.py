"""Cases of a rule as people write them: a line a case, a line with a dash a condition.

shimen: 石门县生产加工的产品 | Made in 石门县
- origin_county one_of 430726
"""

from typing import Any

from shared.errors import Invalid

_LISTS = frozenset({"one_of", "within"})


def text_of(cases: list[dict[str, Any]]) -> str:
    """Cases as text; `cases_of` reads it back."""
    lines = []
    for case in cases:
        title = " | ".join(each for each in (case["title_zh"], case["title_en"]) if each)
        lines.append(f"{case['code']}: {title}")
        lines += [f"- {each['fact']} {each['op']} {_value_text(each['value'])}" for each in case["when"]]
        lines.append("")
    return "\n".join(lines).rstrip()


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def cases_of(text: str) -> list[dict[str, Any]]:
    """Text as cases; 422 `rule-text-invalid` with the line that cannot be read."""
    cases: list[dict[str, Any]] = []
    for place, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        if line.startswith("-"):
            if not cases:
                raise _invalid(place)
            cases[-1]["when"].append(_condition_of(line[1:].strip(), place))
            continue
        code, colon, title = line.replace("：", ":").partition(":")
        if not colon:
            raise _invalid(place)
        zh, _, en = (part.strip() for part in title.partition("|"))
        cases.append({"code": code.strip(), "title_zh": zh, "title_en": en, "when": []})
    return cases


def _condition_of(text: str, place: int) -> dict[str, Any]:
    parts = text.split(maxsplit=2)
    if len(parts) != 3:  # noqa: PLR2004 - fact, operation, value
        raise _invalid(place)
    fact, op, value = parts
    if op in _LISTS:
        found: Any = [each for each in value.replace("，", ",").replace(",", " ").split() if each]
    elif op == "equals":
        found = value.lower() in {"yes", "true", "是"}
    elif op == "at_least":
        if not value.isdecimal():
            raise _invalid(place)
        found = int(value)
    else:
        found = value
    return {"fact": fact, "op": op, "value": found}


def _invalid(place: int) -> Invalid:
    return Invalid(
        f"Line {place} is neither a case (code: title) nor a condition (- fact operation value).",
        code="rule-text-invalid",
        field="cases",
        line=place,
    )
