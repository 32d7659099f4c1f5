"""Where the model answers, and whether that is this machine: judged by the text of the address, strictly.

This machine is `localhost`, an address of 127.0.0.0/8, or ::1, and nothing else: not the machine's own name, not an
address of its network card, not 0.0.0.0, no name that happens to lead here. Names are never looked up to judge them.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cxdata.model.errors import UsageError

DEFAULT: Final = "http://127.0.0.1:8000/v1"
LOCALHOST: Final = "localhost"
PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK_4: Final = ipaddress.ip_network("127.0.0.0/8")
_LOOPBACK_6: Final = ipaddress.ip_address("::1")  # and not its IPv4 spellings: `is_loopback` differs between Pythons
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:/\[\]-]+")
_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_MEND: Final = f"give the base of the API, as {DEFAULT}, without user, query or fragment"


class Endpoint(NamedTuple):
    """The base of an OpenAI-compatible API: `path` has no slash at its end, `host` no brackets."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        """The address in one spelling."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def is_local(self) -> bool:
        """Whether it is this machine; what is sent there goes through no wire."""
        return self.host == LOCALHOST or _is_loopback(self.host)

    @property
    def addresses(self) -> tuple[str, ...]:
        """What to connect to, in turn: `localhost` is the two loopback addresses, whatever a resolver says of it."""
        return ("127.0.0.1", "::1") if self.host == LOCALHOST else (self.host,)


def endpoint(url: str) -> Endpoint:
    """The endpoint of a URL. Raises UsageError for anything but `http(s)://host[:port][/path]` in plain letters."""
    if not _PLAIN.fullmatch(url) or "[" in url.partition("]")[2]:
        raise _wrong(url, "holds something that a base address has not")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _wrong(url, "is no address") from None
    if parts.scheme not in PORTS:
        raise _wrong(url, "is neither http nor https")
    if not (_NAME.fullmatch(host) or _is_address(host)):
        raise _wrong(url, "names no host")
    path = parts.path.rstrip("/")
    if path.endswith(("/completions", "/models")):
        raise _wrong(url, "is one call of an API, not its base")
    return Endpoint(parts.scheme, host, PORTS[parts.scheme] if port is None else port, path)


def _wrong(url: str, why: str) -> UsageError:
    shown = url if _PLAIN.fullmatch(url) else "what was given"  # which may hold a password
    return UsageError(f"--endpoint: {shown} {why}", mend=_MEND)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    if not _is_address(host):
        return False
    address = ipaddress.ip_address(host)
    return address == _LOOPBACK_6 or address in _LOOPBACK_4
