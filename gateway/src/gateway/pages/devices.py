"""A browser's name, short enough to recognise one's own."""

import re

_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    (re.compile("HarmonyOS"), "HarmonyOS"),
    (re.compile("Android"), "Android"),
    (re.compile("iPhone|iPad"), "iOS"),
    (re.compile("Windows"), "Windows"),
    (re.compile("Mac OS X"), "macOS"),
    (re.compile("Linux"), "Linux"),
)


def device_name(user_agent: str, unknown: str) -> str:
    """`Chrome · Windows`, from the browser's own words; only a help to memory, so a guess will do."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark.search(user_agent)), "")
    return " · ".join(part for part in (browser, system) if part) or unknown
