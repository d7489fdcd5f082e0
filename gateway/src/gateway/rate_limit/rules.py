"""How many tries are allowed."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` tries in a `window`."""

    count: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Bucket:
    """One count of tries. The key is a hash, so that no address and no e-mail is kept."""

    key: str
    limit: Limit


def bucket(limit: Limit, *parts: str) -> Bucket:
    """The bucket of these parts, such as what is tried, by whom, from where."""
    return Bucket(sha256("\n".join(parts).encode()).hexdigest(), limit)


@dataclass(slots=True)
class TokenBucket:
    """A bucket that fills by `rate` a second up to `burst`; each request takes one."""

    rate: float
    burst: float
    level: float
    filled_at: float

    def take(self, now: float) -> float:
        """Take one. 0.0 if there was one, else how many seconds to wait for the next."""
        self.level = min(self.burst, self.level + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate
