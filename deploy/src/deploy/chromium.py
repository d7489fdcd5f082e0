"""Find Chromium for the browser tests, or say how to get it."""

import os
import shutil
import sys

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of a Chromium, `ZHUNONG_CHROMIUM` before all."""
    given = os.environ.get("ZHUNONG_CHROMIUM")
    return given or next((path for name in _NAMES if (path := shutil.which(name))), None)


if __name__ == "__main__":
    if find_chromium() is None:
        sys.exit(
            "No Chromium found. On Debian or Ubuntu:  apt-get install chromium fonts-noto-cjk\n"
            "Elsewhere install Chrome or Chromium and set ZHUNONG_CHROMIUM to its path."
        )
