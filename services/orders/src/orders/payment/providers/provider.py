"""The verbs that a payment needs from whoever moves the money."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from orders.payment.rules import Method, Notice, PaymentOrder, RefundOrder, RefundResult, Trade


class ProviderRefusedError(Exception):
    """The provider understood and refused, in its own words: retrying the same will not help by itself."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a provider wants to hear when its notice was taken."""

    status: int
    text: str


class Provider(Protocol):
    """One way to be paid. Every call but `verify_notice` goes over the network: never inside a transaction.

    A provider that does not answer, or whose answer is not signed by it, raises `shared.errors.Unavailable`.
    """

    methods: tuple[Method, ...]
    acknowledgement: Acknowledgement

    def method_of(self, code_url: str) -> Method:
        """How the payer was to pay by what `create` gave."""

    def in_app_call(self, code_url: str, *, now: datetime) -> dict[str, str] | None:
        """What the provider's own app must be called with, signed; None where an address or a code is enough."""

    async def create(self, order: PaymentOrder) -> str:
        """Open an order at the provider: the URL that the payer opens or scans. The same number again, the same URL."""

    async def query(self, number: str) -> Trade:
        """What the provider knows of a number; one it does not know is CLOSED."""

    async def close(self, number: str) -> None:
        """Take no money for it any more. Refused if money was taken."""

    async def refund(self, refund: RefundOrder) -> RefundResult:
        """Give money back. The same refund number again is the same refund, and tells how it stands."""

    async def query_refund(self, refund: RefundOrder) -> RefundResult:
        """How a refund stands. ProviderRefusedError if the provider knows of none by that number."""

    async def fetch_statement(self, day: date, path: Path) -> None:
        """Write the statement file of a business day to `path`; an empty file if nothing happened on that day.

        ProviderRefusedError if there is none to give, or not yet.
        """

    def verify_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """Read a notice. Unauthenticated unless the provider signed these bytes within the last minutes."""

    async def aclose(self) -> None:
        """Let the connections go."""
