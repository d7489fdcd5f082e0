"""A drawing and an English word for a product of the registers, which are kept in Chinese."""

import tomllib
from functools import lru_cache
from pathlib import Path

from gateway.pages.cards import picture_url
from gateway.visitor import Language

_FILE = Path(__file__).with_name("drawings.toml")


@lru_cache(maxsize=1)
def _words() -> list[tuple[str, str, str]]:
    """(word, drawing, English), the longest word first."""
    drawings = tomllib.loads(_FILE.read_text("utf-8"))["drawing"]
    found = [(word, kind, each["en"]) for kind, each in drawings.items() for word in each["zh"]]
    return sorted(found, key=lambda each: -len(each[0]))


@lru_cache(maxsize=4096)
def kind_of(product_name: str) -> str:
    """The kind of drawing; empty where none fits."""
    return next((kind for word, kind, _ in _words() if word in product_name), "")


def product_picture(product_name: str) -> str:
    """The address of the drawing of a product."""
    return picture_url(kind_of(product_name) or None)


def product_text(product_name: str, language: Language) -> str:
    """The product's name; in English what its drawing shows, with the Chinese where they differ in detail."""
    if language == "zh":
        return product_name
    english = next((english for word, _, english in _words() if word in product_name), "")
    return english.capitalize() if english else product_name
