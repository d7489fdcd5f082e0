"""The seal on a bid: AES-256-GCM under a key of its own quotation.

The key comes from a secret that is in the service's environment and in no database: whoever reads the database, a
backup or a replica before the deadline finds noise. Whoever holds both the database and the secret could open it; the
service does so only for the bid's own supplier, and for everybody in `open_quotation`, after the deadline.
"""

import os
from dataclasses import asdict
from datetime import date
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from orders.quotation.rules import Bid, Offer
from shared.errors import Conflict

_NONCE_BYTES = 12
_KEY_BYTES = 32
_PAGE_BYTES = 1024


class Seal:
    """Closes and opens bids."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def close(self, bid: Bid, *, quotation_id: UUID, bid_id: UUID) -> bytes:
        """The bid as nobody can read it; filled up, so that its length does not tell how long a price is."""
        nonce, plain = os.urandom(_NONCE_BYTES), orjson.dumps(asdict(bid), default=str)
        filled = plain.ljust(-(-len(plain) // _PAGE_BYTES) * _PAGE_BYTES)
        return nonce + self._cipher(quotation_id).encrypt(nonce, filled, bid_id.bytes)

    def open(self, sealed: bytes, *, quotation_id: UUID, bid_id: UUID) -> Bid:
        """The bid. 409 `bid-unreadable` if it was closed under another secret, or is another's."""
        try:
            plain = self._cipher(quotation_id).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bid_id.bytes)
        except InvalidTag as error:
            raise Conflict("This bid was sealed under another key.", code="bid-unreadable") from error
        told = orjson.loads(plain)
        offers = tuple(
            Offer(UUID(each["line_id"]), UUID(each["sku_id"]), each["piece_count"], each["unit_price_fen"])
            for each in told["offers"]
        )
        return Bid(offers, date.fromisoformat(told["promised_on"]), told["note"])

    def _cipher(self, quotation_id: UUID) -> AESGCM:
        kdf = HKDF(SHA256(), _KEY_BYTES, salt=quotation_id.bytes, info=b"zhunong quotation bid")
        return AESGCM(kdf.derive(self._secret))
