"""The weights of a match, read from the file beside this one."""

import tomllib
from functools import cache
from importlib.resources import files

from catalog.placement.rules import Weights


@cache
def weights() -> Weights:
    """How much each part counts."""
    text = files("catalog.placement").joinpath("weights.toml").read_text(encoding="utf-8")
    score = tomllib.loads(text)["score"]
    return Weights(skills=int(score["skills"]), place=int(score["place"]), wage=int(score["wage"]))
