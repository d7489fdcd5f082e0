"""The way out for e-mail: an SMTP server, or a folder of .eml files for a look at what would be sent.

`GATEWAY_MAIL_URL`: `smtp://user:password@host:587` (STARTTLS where there is a password or the server offers it),
`smtps://…:465`, `file:///folder`; empty, no mails.
"""

import asyncio
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

_ANSWER_SECONDS = 20.0
_PORTS = {"smtp": 25, "smtps": 465}
_LASTING = 500


class NotTaken(Exception):  # noqa: N818 - says what happened
    """The server did not take the mail; `is_final` says that it never will. The text names no address."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


async def send(url: str, mail: EmailMessage) -> None:
    """Hand the mail over; returns when the other side has taken it. Raises `NotTaken`."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        await asyncio.to_thread(_write, Path(url2pathname(parts.path)), mail)
    else:
        await asyncio.to_thread(_send, url, mail)


def _write(folder: Path, mail: EmailMessage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = parseaddr(mail["Message-ID"])[1].partition("@")[0]
    draft = folder / f".{name}.new"
    draft.write_bytes(bytes(mail))
    draft.rename(folder / f"{name}.eml")


def _send(url: str, mail: EmailMessage) -> None:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    try:
        server = (
            smtplib.SMTP_SSL(host, port, timeout=_ANSWER_SECONDS, context=context)
            if parts.scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=_ANSWER_SECONDS)
        )
        try:
            server.ehlo()
            if parts.scheme == "smtp" and (parts.password or server.has_extn("starttls")):
                server.starttls(context=context)
                server.ehlo()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(mail)
            with suppress(smtplib.SMTPException, OSError):  # it is taken: what follows cannot make it untaken
                server.quit()
        finally:
            server.close()
    except smtplib.SMTPRecipientsRefused as error:
        code = max(status for status, _ in error.recipients.values())
        raise NotTaken(f"the server refused the recipient: {code}", is_final=code >= _LASTING) from None
    except smtplib.SMTPResponseException as error:
        is_final = error.smtp_code >= _LASTING and not isinstance(error, smtplib.SMTPAuthenticationError)
        raise NotTaken(f"the server refused the mail: {error.smtp_code}", is_final=is_final) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotTaken(f"the server does not answer as it should: {type(error).__name__}", is_final=False) from None
