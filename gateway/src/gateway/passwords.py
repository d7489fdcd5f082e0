"""Password hashes: argon2id by pwdlib, in a thread, a few at a time (each takes 64 MiB and a tenth of a second)."""

import asyncio
import os
import secrets
from functools import cache

from pwdlib import PasswordHash

from gateway.account.rules import normal_password

_HASHER = PasswordHash.recommended()


class Passwords:
    """Hashes and checks passwords without holding up the event loop, at most one a core at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(os.cpu_count() or 1)

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        async with self._turn:
            return await asyncio.to_thread(_HASHER.hash, normal_password(password))

    async def is_right(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the one that was hashed. Without a hash (nobody has this address) it is checked
        against a hash that fits nothing, so that the answer takes the same time.
        """
        async with self._turn:
            is_right = await asyncio.to_thread(
                _HASHER.verify, normal_password(password), password_hash or _hash_of_nobody()
            )
        return is_right and password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(secrets.token_hex(32))
