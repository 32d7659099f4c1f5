"""One connection a thread to one endpoint, and every failure by its kind. The one module that opens a connection.

It speaks to the endpoint and to nobody else: no redirect is followed, no proxy of the environment is used, nothing is
logged, and no message holds what was sent or what came back.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from cxdata.model.errors import CxdataError
from cxdata.reasoning.model.endpoint import PORTS, Endpoint

CONNECT_S: Final = 10.0
CHUNK_BYTES: Final = 1 << 16
LARGEST_BYTES: Final = 8 << 20
LONGEST_WAIT_S: Final = 120.0
KEY_VARIABLE: Final = "CXDATA_API_KEY"
MAY_PASS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
OF_REQUEST: Final = frozenset({400, 413, 422})
_SAID: Final = {
    401: (f"does not accept the key in {KEY_VARIABLE}, or wants one", f"export {KEY_VARIABLE}=…, the endpoint's key"),
    403: (f"forbids it to the key in {KEY_VARIABLE}", f"export {KEY_VARIABLE}=…, a key with that right"),
    404: ("knows no such address or model", "give --endpoint the base of its API (…/v1) and --model a name it serves"),
}


class PassingError(Exception):
    """A failure that may pass: `reason` in words, how long the server asks to wait, whether nobody is there."""

    def __init__(self, reason: str, *, wait_s: float | None = None, is_gone: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s
        self.is_gone = is_gone


class UnwantedError(Exception):
    """The server will not have this one request, whenever it comes: its status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Client:
    """Calls of one endpoint, from any number of threads; `key` goes into a header and nowhere else."""

    def __init__(self, endpoint: Endpoint, timeout_s: float, key: str | None = None) -> None:
        if key is not None and not (key.isascii() and key.isprintable() and key.strip() == key != ""):
            what = f"{KEY_VARIABLE} holds something that no header may hold"
            raise CxdataError(what, mend=f"export {KEY_VARIABLE}=…, without blanks or line ends")
        self.endpoint = endpoint
        self._timeout_s = timeout_s
        self._headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._tls = ssl.create_default_context() if endpoint.scheme == "https" else None
        self._own = threading.local()
        self._all: set[_Connection] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def get(self, path: str) -> Any:
        """The JSON at `path`, below the endpoint's base; failures as in `post`."""
        return self._call("GET", path, None)

    def post(self, path: str, value: Any) -> Any:
        """The JSON that answers `value`.

        Raises PassingError for what another try may mend (time-out, lost connection, 429, 5xx), UnwantedError for a
        request that the server rejects (400, 413, 422), CxdataError for what must be mended first (key, redirect).
        """
        return self._call("POST", path, json.dumps(value, ensure_ascii=False).encode())

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close every connection; no thread may be calling any more."""
        with self._lock:
            for connection in self._all:
                connection.close()

    def break_off(self) -> None:
        """End every call that is under way, in whatever thread, and let none begin."""
        with self._lock:
            self._is_closed = True
            for connection in self._all:
                connection.break_off()

    def _call(self, method: str, path: str, body: bytes | None) -> Any:
        connection = self._connection()
        was_used = connection.sock is not None
        try:
            return self._once(connection, method, path, body)
        except PassingError as failure:
            connection.close()
            if not (was_used and failure.is_gone):
                raise
        # A server may close a connection that waits; that says nothing of the server.
        try:
            return self._once(connection, method, path, body)
        except PassingError:
            connection.close()
            raise

    def _once(self, connection: _Connection, method: str, path: str, body: bytes | None) -> Any:
        if self._is_closed:
            raise PassingError("the run was stopped", is_gone=True)
        deadline = time.monotonic() + self._timeout_s
        try:
            connection.request(method, self.endpoint.path + path, body, self._headers)
            response = connection.getresponse()
            content = _read(response, deadline)
        except TimeoutError:
            raise PassingError(f"no answer within {self._timeout_s:g} s") from None
        except ssl.SSLCertVerificationError:
            raise self._stop("has a certificate that is not valid for it", "mend it; it is never passed over") from None
        except (OSError, http.client.HTTPException) as error:
            raise PassingError(f"no connection ({type(error).__name__})", is_gone=True) from None
        if response.status != http.client.OK:
            connection.close()
            raise self._failure(response)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise PassingError("an answer that is no JSON") from None

    def _failure(self, response: http.client.HTTPResponse) -> Exception:
        status = response.status
        if status in MAY_PASS:
            return PassingError(f"status {status}", wait_s=_seconds(response.headers.get("Retry-After")))
        if status in OF_REQUEST:
            return UnwantedError(status)
        if 300 <= status < 400:
            return self._stop("sends its callers elsewhere, which is not followed", "name the right one as --endpoint")
        said, mend = _SAID.get(status, ("cannot be used", "look at the server's own log"))
        return self._stop(f"{said} (status {status})", mend)

    def _stop(self, what: str, mend: str) -> CxdataError:
        return CxdataError(f"the endpoint {what}", where=str(self.endpoint), mend=mend)

    def _connection(self) -> _Connection:
        connection: _Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = _Connection(self.endpoint, self._timeout_s, self._tls)
            with self._lock:
                self._all.add(connection)
        return connection


class _Connection(http.client.HTTPConnection):
    """HTTP/1.1 to the endpoint's own addresses: `localhost` is never looked up."""

    def __init__(self, endpoint: Endpoint, timeout_s: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=timeout_s)
        self.default_port = PORTS[endpoint.scheme]
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._tls = tls
        self._is_broken = False

    def connect(self) -> None:
        """Connect to the first of the addresses that takes it; raises OSError as the last of them does."""
        plain = _connected(self._endpoint)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self._endpoint.host)
        self.sock.settimeout(self._timeout_s)
        if self._is_broken:
            raise ConnectionAbortedError

    def break_off(self) -> None:
        """End a call that another thread waits for."""
        self._is_broken = True
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _connected(endpoint: Endpoint) -> socket.socket:
    *others, last = endpoint.addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, endpoint.port), CONNECT_S)
    try:
        return socket.create_connection((last, endpoint.port), CONNECT_S)
    except TimeoutError:
        raise ConnectionError from None  # nobody is there: another failure than an answer that does not come


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body; TimeoutError past the deadline, however it trickles, HTTPException when it does not end."""
    content = bytearray()
    while chunk := response.read1(CHUNK_BYTES):
        content += chunk
        if len(content) > LARGEST_BYTES:
            raise http.client.HTTPException
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:  # the connection was lost within the body
        raise http.client.IncompleteRead(b"")
    response.read()  # nothing is left; but only this tells the connection that it is free
    return bytes(content)


def _seconds(text: str | None) -> float | None:
    """What Retry-After asks for, in seconds; None without one, or where it names a date."""
    if text is None or not text.strip().isdigit():
        return None
    return min(float(text), LONGEST_WAIT_S)
