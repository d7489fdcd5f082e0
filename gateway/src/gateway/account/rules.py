"""What a person's contact and password must look like."""

import re
import unicodedata

from shared.errors import Invalid

NAME_LENGTH = 60
PASSWORD_LENGTH = range(10, 201)

_EMAIL = re.compile(
    r"[^@\s\x00-\x1f\"(),:;<>\[\]\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])"
)
_CHINESE_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")
_TELLING_LENGTH = 4
_ROWS_OF_KEYS = "01234567890123456789 98765432109876543210 qwertyuiopasdfghjklzxcvbnm abcdefghijklmnopqrstuvwxyz"


def normal_email(text: str) -> str:
    """The one spelling under which an address is kept: composed, trimmed and in small letters.

    Refuses 422 `email-invalid`.
    """
    email = unicodedata.normalize("NFKC", text).strip().lower()
    if len(email) > 254 or _EMAIL.fullmatch(email) is None or ".." in email:  # noqa: PLR2004 - RFC 5321, 4.5.3.1.3
        raise Invalid("This is no e-mail address. An example: name@example.com.", code="email-invalid", field="email")
    return email


def normal_phone(text: str) -> str:
    """The number as E.164, such as +8613800138000; a Chinese mobile number may be written without +86.

    Refuses 422 `phone-invalid`.
    """
    digits = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", text))
    mobile = _CHINESE_MOBILE.fullmatch(digits)
    if mobile is not None:
        return f"+86{mobile.group(1)}"
    if _INTERNATIONAL.fullmatch(digits) is None or digits.startswith("+86"):
        raise Invalid(
            "This is no telephone number. Write 11 digits for a Chinese mobile, or +, country and number.",
            code="phone-invalid",
            field="phone",
        )
    return digits


def normal_name(text: str) -> str:
    """How a person wants to be called, 1 to 60 characters. Refuses 422 `name-missing` or `name-too-long`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or any(unicodedata.category(each) in {"Cc", "Cs"} for each in name):
        raise Invalid("Write how we may call you.", code="name-missing", field="display_name")
    if len(name) > NAME_LENGTH:
        raise Invalid(f"At most {NAME_LENGTH} characters.", code="name-too-long", field="display_name")
    return name


def contact_of(identifier: str) -> str | None:
    """What somebody typed to sign in, as the e-mail address or number it would be kept under; None if it is neither."""
    try:
        return normal_email(identifier) if "@" in identifier else normal_phone(identifier)
    except Invalid:
        return None


def ensure_reachable(email: str | None, phone: str | None) -> None:
    """A person has an e-mail address or a telephone number, or both. Refuses 422 `contact-missing`."""
    if email is None and phone is None:
        raise Invalid("Give an e-mail address or a telephone number.", code="contact-missing", field="email")


def normal_password(text: str) -> str:
    """The password as it is hashed: composed, so that it does not depend on the keyboard (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", text)


def ensure_password(password: str, *, contacts: tuple[str | None, ...], field: str = "password") -> None:
    """A password is long and not guessed at once; what characters it has is the person's business (NIST SP 800-63B).

    Refuses 422 `password-weak`.
    """
    lowered = password.lower()
    reason = None
    if len(password) not in PASSWORD_LENGTH:
        reason = f"Use {PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} characters; a short sentence is good."
    elif len(set(lowered)) < 5:  # noqa: PLR2004
        reason = "Use more than a few different characters."
    elif lowered in _ROWS_OF_KEYS:
        reason = "A row of keys is guessed at once."
    elif any(len(name) >= _TELLING_LENGTH and name in lowered for name in map(_name_in, contacts)):
        reason = "Do not use your address or number in it."
    if reason is not None:
        raise Invalid(reason, code="password-weak", field=field)


def _name_in(contact: str | None) -> str:
    """The part of a contact that somebody might put into a password."""
    return (contact or "").partition("@")[0].removeprefix("+86")
