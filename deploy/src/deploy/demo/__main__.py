"""`python -m deploy.demo load` loads the demo data; `python -m deploy.demo` (make demo) tells the demo's story."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from deploy.demo import story
from deploy.demo.load import load
from deploy.demo.mark import is_loaded


def main() -> int:
    """Run one of the two."""
    parser = argparse.ArgumentParser(prog="make demo", description="The main job through the public API.")
    parser.add_argument("command", nargs="?", choices=("story", "load"), default="story")
    parser.add_argument("--state", default=os.environ.get("ZHUNONG_STATE", ".state"))
    parser.add_argument("--url", default=os.environ.get("ZHUNONG_URL"), help="a running suite's address")
    chosen = parser.parse_args()
    state = Path(chosen.state).absolute()
    if chosen.command == "story":
        return asyncio.run(story.tell(state, url=chosen.url))
    if not is_loaded(state, os.environ):
        asyncio.run(load(state, os.environ))
    return 0


if __name__ == "__main__":
    sys.exit(main())
