"""The seal on a bid: AES-256-GCM under a key of its own quotation.

The key comes from a secret that is in the service's environment and in no database: whoever reads the database, a
backup or a replica before the deadline finds noise. Whoever holds both the database and the secret could open it; the
service does so only for the bid's own supplier, and for everybody in `open_quotation`, after the deadline.

An attachment's bytes lie in the file store under a key of their own, which is in its sealed facts: without these the
bytes are noise, before the opening and, once it was removed, for ever.
"""

import os
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from orders.quotation.rules import Bid, FileKind, Offer
from shared.errors import Conflict

_NONCE_BYTES = 12
_KEY_BYTES = 32
_PAGE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is under the seal of an attachment: what it is called, what it is, and the key of its bytes."""

    kind: FileKind
    name: str
    media_type: str
    size_bytes: int
    key: str


class Seal:
    """Closes and opens bids and what is beside them."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def close(self, bid: Bid, *, quotation_id: UUID, bid_id: UUID) -> bytes:
        """The bid as nobody can read it; filled up, so that its length does not tell how long a price is."""
        return self._close(orjson.dumps(asdict(bid), default=str), quotation_id, bid_id)

    def open(self, sealed: bytes, *, quotation_id: UUID, bid_id: UUID) -> Bid:
        """The bid. 409 `bid-unreadable` if it was closed under another secret, or is another's."""
        told = orjson.loads(self._open(sealed, quotation_id, bid_id))
        offers = tuple(
            Offer(UUID(each["line_id"]), UUID(each["sku_id"]), each["piece_count"], each["unit_price_fen"])
            for each in told["offers"]
        )
        return Bid(offers, date.fromisoformat(told["promised_on"]), told["note"], told.get("warranty_days"))

    def close_attachment(self, attachment: Attachment, *, quotation_id: UUID, file_id: UUID) -> bytes:
        """What tells of an attachment, filled up as a bid is."""
        return self._close(orjson.dumps(asdict(attachment)), quotation_id, file_id)

    def open_attachment(self, sealed: bytes, *, quotation_id: UUID, file_id: UUID) -> Attachment:
        """What the attachment is. 409 `bid-unreadable`."""
        return Attachment(**orjson.loads(self._open(sealed, quotation_id, file_id)))

    def _close(self, plain: bytes, quotation_id: UUID, own_id: UUID) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        filled = plain.ljust(-(-len(plain) // _PAGE_BYTES) * _PAGE_BYTES)
        return nonce + self._cipher(quotation_id).encrypt(nonce, filled, own_id.bytes)

    def _open(self, sealed: bytes, quotation_id: UUID, own_id: UUID) -> bytes:
        try:
            return self._cipher(quotation_id).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], own_id.bytes)
        except InvalidTag as error:
            raise Conflict("This bid was sealed under another key.", code="bid-unreadable") from error

    def _cipher(self, quotation_id: UUID) -> AESGCM:
        kdf = HKDF(SHA256(), _KEY_BYTES, salt=quotation_id.bytes, info=b"zhunong quotation bid")
        return AESGCM(kdf.derive(self._secret))


def locked(content: bytes) -> tuple[str, bytes]:
    """A new key, and the bytes under it."""
    key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    return key.hex(), nonce + AESGCM(key).encrypt(nonce, content, None)


def unlocked(key: str, stored: bytes) -> bytes:
    """The bytes again. 409 `bid-unreadable` if the store holds something else."""
    try:
        return AESGCM(bytes.fromhex(key)).decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], None)
    except InvalidTag as error:
        raise Conflict("The attachment is not what was filed.", code="bid-unreadable") from error
