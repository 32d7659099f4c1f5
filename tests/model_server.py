"""A small server that speaks the protocol of OpenAI-compatible endpoints, with faults to order."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

MODEL = "small-model"
REVISION = "0123456789abcdef0123456789abcdef01234567"
CARDS = [{"id": MODEL, "object": "model", "root": f"/hub/models--x/snapshots/{REVISION}", "max_model_len": 4096}]


class Response(NamedTuple):
    status: int = 200
    body: Any = b""  # bytes, or what JSON is made of
    headers: dict[str, str] = {}
    wait_s: float = 0.0  # before anything is sent
    cut: bool = False  # the connection is closed after half of the body


LOOKED = "Looked at from edge to edge; nothing there supports it."
Behave = Callable[[dict[str, Any], int], Response]


def completion(content: str | None, finish: str = "stop", **message: Any) -> Response:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return Response(body={"choices": [choice], "usage": {"prompt_tokens": 700, "completion_tokens": 90}})


def members(body: dict[str, Any]) -> dict[str, Any]:
    """A good answer to a request, by its own schema: a think for each item, judged by its state."""
    asked = json.loads(body["messages"][1]["content"])
    items = {item["item"]: item for item in asked["items"]}
    found = [item["finding"] for item in asked["items"] if item["state"] == "present"]
    made: dict[str, Any] = {}
    for name in body["response_format"]["json_schema"]["schema"]["properties"]:
        if name not in items:
            made[name] = f"Taken together: {', '.join(found) or 'nothing'}."
            continue
        is_there = items[name]["state"] == "present"
        verdict = is_there if "option" not in items[name] else (items[name]["option"] == "Yes") == is_there
        made[name] = {"think": think(items[name], verdict=verdict), "verdict": verdict}
    return made


def think(item: dict[str, Any], *, verdict: bool) -> str:
    """Words that say what the item gives and no more; of two opposite options no two alike."""
    told = bool(item.get("sentences") or item.get("place"))
    if not told:
        here = "Judged to be there; its site is not specified." if item["state"] == "present" else LOOKED
        return here if verdict else f"{here} That settles the other answer."
    if item["finding"] == "No Finding":
        return "All parts look clear." if item["state"] == "present" else f"Not clear: {item['sentences'][0]}"
    said = "There is" if item["state"] == "present" else "There is no"
    wrong = "option" in item and not verdict
    return f"{said} {item['finding'].lower()}" + (", dense or lucent, sharp or blurred." if wrong else ".")


def good(body: dict[str, Any], number: int = 0) -> Response:
    return completion(json.dumps(members(body)))


class ModelServer:
    """`asked` are the bodies of the completions that were asked for, `headers` those of each; counted from 0."""

    def __init__(self, behave: Behave, cards: list[dict[str, Any]] = CARDS) -> None:
        self.behave, self.cards = behave, cards
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.at_once, self.most_at_once = 0, 0
        self.lock = threading.Lock()
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"model": self})
        self.server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def respond(self, body: dict[str, Any], headers: dict[str, str]) -> Response:
        with self.lock:
            number = len(self.asked)
            self.asked.append(body)
            self.headers.append(headers)
        return self.behave(body, number)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # 5 by default: more at once are turned away


class _Handler(BaseHTTPRequestHandler):
    model: ModelServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.model.paths.append(self.path)
        self._send(Response(body={"object": "list", "data": self.model.cards}))

    def do_POST(self) -> None:
        self.model.paths.append(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.model.lock:
            self.model.at_once += 1
            self.model.most_at_once = max(self.model.most_at_once, self.model.at_once)
        try:
            self._send(self.model.respond(body, dict(self.headers)))
        finally:
            with self.model.lock:
                self.model.at_once -= 1

    def _send(self, response: Response) -> None:
        if response.wait_s:
            self.model.released.wait(response.wait_s)
        content = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
        try:
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if response.cut else content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        if response.cut:
            self.close_connection = True

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            """A client that was killed."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


@contextmanager
def serving(behave: Behave = good, cards: list[dict[str, Any]] = CARDS) -> Iterator[ModelServer]:
    model = ModelServer(behave, cards)
    thread = threading.Thread(target=model.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield model
    finally:
        model.released.set()
        model.server.shutdown()
        thread.join()
        model.server.server_close()


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
