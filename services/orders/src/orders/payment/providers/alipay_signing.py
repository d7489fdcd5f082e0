"""The merchant's half of Alipay's RSA2: sign what we send, check what comes back over the very text that was signed.

(https://opendocs.alipay.com/common/02mriz and its neighbours.)
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from shared.errors import Unauthenticated

_PADDING = PKCS1v15()
_DIGEST = SHA256()
_DECODER = json.JSONDecoder()


def text_of(values: Mapping[str, str], *, without: frozenset[str]) -> str:
    """What is signed: all that is not empty, in order of name, as `name=value&name=value`."""
    return "&".join(f"{name}={values[name]}" for name in sorted(values) if values[name] and name not in without)


@dataclass(frozen=True)
class AlipayKeys:
    """What a merchant holds: the application's number and private key, the seller's number, Alipay's public key."""

    app_id: str
    seller_id: str
    private_key: RSAPrivateKey
    public_key: RSAPublicKey

    def sign(self, values: Mapping[str, str]) -> str:
        """The signature of a request's parameters."""
        message = text_of(values, without=frozenset({"sign"})).encode()
        return base64.b64encode(self.private_key.sign(message, _PADDING, _DIGEST)).decode()

    def read_answer(self, told: str, node: str) -> str:
        """The signed text under `node` (or under `error_response`); Unauthenticated unless Alipay signed exactly it."""
        for name in (node, "error_response"):
            mark = f'"{name}":'
            place = told.find(mark)
            if place < 0:
                continue
            start = place + len(mark)
            start += len(told[start:]) - len(told[start:].lstrip())
            try:
                _, end = _DECODER.raw_decode(told, start)
                signature = str(json.loads(told)["sign"])
            except (ValueError, KeyError, TypeError) as error:
                raise _refusal("The answer is no signed answer of Alipay's.") from error
            self._verify(told[start:end].encode(), signature)
            return told[start:end]
        raise _refusal(f"The answer holds no {node}.")

    def verify_notice(self, values: Mapping[str, str]) -> None:
        """Raise Unauthenticated unless Alipay signed these decoded parameters."""
        self._verify(text_of(values, without=frozenset({"sign", "sign_type"})).encode(), values.get("sign", ""))

    def _verify(self, message: bytes, signature: str) -> None:
        try:
            self.public_key.verify(base64.b64decode(signature, validate=True), message, _PADDING, _DIGEST)
        except (binascii.Error, ValueError, InvalidSignature) as error:
            raise _refusal("The signature does not fit these bytes.") from error


def _refusal(message: str) -> Unauthenticated:
    return Unauthenticated(message, code="signature-invalid")
