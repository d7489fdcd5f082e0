"""Tells the story on the terminal and keeps count of what was compared."""

from typing import Any

import httpx2

from shared.money import yuan


class StoryFailed(Exception):  # noqa: N818 - the message is for the terminal
    """The story cannot go on."""


class Narrator:
    """Prints each step; a comparison that fails is printed and makes the story end with 1."""

    def __init__(self) -> None:
        self._steps = 0
        self._compared = 0
        self._wrong = 0
        self._lines: list[str] = []

    def say(self, text: str) -> None:
        """A plain line."""
        print(text, flush=True)

    def log(self, line: str) -> None:
        """A line of a service's log: kept, and shown only if the story fails."""
        self._lines.append(line)

    def step(self, title: str) -> None:
        """The next step."""
        self._steps += 1
        print(f"\n{self._steps}. {title}", flush=True)

    def tell(self, text: str) -> None:
        """A detail of the step."""
        print(f"   {text}", flush=True)

    def ok(self, answer: httpx2.Response) -> Any:
        """The JSON of an answer that must be a success."""
        if not answer.is_success:
            request = answer.request
            raise StoryFailed(f"{request.method} {request.url.path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json() if answer.content else None

    def check(self, what: str, seen: object, expected: object) -> None:
        """Compare; every difference counts."""
        self._compared += 1
        if seen == expected:
            print(f"   ✓ {what}: {seen}", flush=True)
        else:
            self._wrong += 1
            print(f"   ✗ {what}: {seen}, expected {expected}", flush=True)

    def money(self, what: str, seen_fen: int, expected_fen: int) -> None:
        """Compare to the fen."""
        self._compared += 1
        if seen_fen == expected_fen:
            print(f"   ✓ {what}: ¥{yuan(seen_fen)}", flush=True)
        else:
            self._wrong += 1
            print(f"   ✗ {what}: ¥{yuan(seen_fen)}, expected ¥{yuan(expected_fen)}", flush=True)

    def finish(self) -> int:
        """The last word and the exit code."""
        if self._wrong:
            print("\n".join(["", *self._lines[-40:]]))
            print(f"\n{self._wrong} of {self._compared} comparisons differ")
            return 1
        print(f"\nall {self._compared} comparisons agree")
        return 0
