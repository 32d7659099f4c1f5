"""`cxdata reason --writer model` from the command line, against a small server."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import typing
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from model_server import MODEL, REVISION, Behave, ModelServer, Response, completion, good, members, serving, until

from cxdata.build.progress import Silent
from cxdata.model.errors import CxdataError
from cxdata.reasoning.codes import ANSWERS, CODES
from cxdata.reasoning.model.replies import Code
from cxdata.reasoning.model.settings import ModelSettings
from cxdata.reasoning.run import ReasonRequest
from cxdata.reasoning.run import reason as run
from cxdata.reasoning.writers import WriterRequest
from cxdata.sources.discovery import sources

COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from cxdata.cli.entry import main
main()
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    mimic, folder = sources()["mimic"], tmp_path_factory.mktemp("built")
    build_source(mimic, write_phantom(mimic, folder / "data", 8), folder / "cx" / "mimic")
    return folder / "cx"


@pytest.fixture
def cx(built: Path, tmp_path: Path) -> Path:
    """A copy of the build, without traces."""
    subprocess.run(["cp", "-r", str(built), str(tmp_path / "cx")], check=True)
    return tmp_path / "cx"


def start(cx: Path, *flags: str, key: str | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", COMMAND, "reason", str(cx), "--writer", "model", *flags, "--json"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("CXDATA_")}
    env |= {"CXDATA_API_KEY": key} if key else {}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def reason(cx: Path, server: ModelServer, *flags: str, rc: int = 0, key: str | None = None) -> tuple[Any, str]:
    process = start(cx, "--endpoint", server.url, *flags, key=key)
    out, err = process.communicate(timeout=120)
    assert process.returncode == rc, err
    return json.loads(out)[0] if rc == 0 else out, err


def shas(cx: Path) -> dict[str, str]:
    files = sorted((cx / "mimic" / "traces").rglob("*.parquet"))
    return {str(file.relative_to(cx)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def rows(cx: Path) -> pl.DataFrame:
    return pl.read_parquet(str(cx / "mimic" / "traces" / "model" / "*.parquet"))


def rejects(cx: Path) -> Counter[str]:
    return Counter(pl.read_parquet(str(cx / "mimic" / "traces" / "model" / "rejects" / "*.parquet"))["code"])


def answered(cx: Path, behave: Behave, **changed: Any) -> dict[str, Any]:
    """What a run in this process tells, and how many times it asked."""
    with serving(behave) as server:
        settings = ModelSettings(endpoint=server.url, **changed)
        request = ReasonRequest(cx, WriterRequest("model", settings), 1, lambda label: nullcontext(Silent()), sources())
        (told,) = run(request)
        return {**told, "asked": len(server.asked)}


def test_traces_are_written_checked_and_told(cx: Path) -> None:
    told = answered(cx, good)
    traces = rows(cx)
    assert traces.height == sum(told["with_trace"].values()) > 100
    assert set(traces["task"] if "task" in traces.columns else traces["sample_id"].str.split("/").list.get(1)) == {
        "disease_binary", "disease_single_choice", "disease_multi_choice", "disease_open"
    }  # fmt: skip
    assert set(traces["model"]) == {MODEL}
    assert set(traces["revision"]) == {REVISION}
    assert {one.partition("-")[0] for one in traces["prompt_id"]} == {"closed", "open"}
    sampling = [json.loads(one) for one in traces["sampling"]]
    assert all(set(one) == {"temperature", "top_p", "max_tokens", "seed"} for one in sampling)
    assert len({one["seed"] for one in sampling}) == traces.height
    assert told["made_by"]["endpoint"] == "this machine"
    assert told["made_by"]["terms_accepted"] is None
    asked_for = told["asked"] - traces.height
    assert asked_for <= sum(told["rejects"].values())
    assert not set(told["rejects"]) & {"evidence_foreign", "verdict_differs", "final_differs", "basis", "steps"}


def test_a_second_run_asks_and_writes_nothing(cx: Path) -> None:
    answered(cx, good)
    before = shas(cx)
    told = answered(cx, good)
    assert told["asked"] == told["shards_written"] == 0
    assert told["shards_reused"] == len(before)
    assert shas(cx) == before


@pytest.mark.parametrize("sent", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(sent: int, cx: Path, built: Path, tmp_path: Path) -> None:
    slow = lambda body, n: good(body)._replace(wait_s=0.02)  # noqa: E731
    whole = tmp_path / "whole"
    subprocess.run(["cp", "-r", str(built), str(whole)], check=True)
    needed = answered(whole, good)["asked"]
    with serving(slow) as server:
        process = start(cx, "--endpoint", server.url, "--concurrency", "4")
        until(lambda: len(server.asked) > 40)
        process.send_signal(sent)
        _, err = process.communicate(timeout=20)
        assert process.returncode == (130 if sent == signal.SIGINT else -signal.SIGKILL)
        if sent == signal.SIGINT:
            assert "run the same command to go on" in err
        assert len(server.asked) < needed
        reason(cx, server, "--concurrency", "4")
        assert len(server.asked) <= needed + 4
    assert shas(cx) == shas(whole)


def test_an_endpoint_that_goes_away_leaves_nothing_half_written(cx: Path) -> None:
    with serving() as server:
        server.behave = lambda body, n: good(body) if n < 30 else Response(503)
        begun = time.monotonic()
        _, err = reason(cx, server, "--timeout", "5", rc=1)
        assert time.monotonic() - begun < 60
        assert "run the same command to go on" in err
        assert not list((cx / "mimic" / "traces").rglob("*.json"))
        answers = server.asked[:30]
    again: list[dict[str, Any]] = []
    told = answered(cx, lambda body, n: again.append(body) or good(body))
    assert sum(told["with_trace"].values()) > 100
    assert not [body for body in answers if body in again]


SPOILT: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "words": ("answer_not_json", lambda made: "no JSON"),
    "a number": ("answer_not_schema", lambda made: {**made, "closing": 1}),
    "half a character": ("answer_not_schema", lambda made: {**made, "closing": "half \ud800"}),
    "nothing": ("steps", lambda made: {}),
    "no closing": ("steps", lambda made: dict(list(made.items())[:-1])),
    "one too many": ("steps", lambda made: {**made, "G": {"think": "x", "verdict": False}}),
    "backwards": ("steps", lambda made: dict(reversed(made.items()))),
    "verdicts": ("verdict_differs", lambda made: judged(made, lambda one: {**one, "verdict": not one["verdict"]})),
    "a report": ("banned_word", lambda made: judged(made, lambda one: {**one, "think": "As the report has it."})),
    "a tag": ("think_form", lambda made: judged(made, lambda one: {**one, "think": "<think>"})),
    "an empty think": ("think_form", lambda made: judged(made, lambda one: {**one, "think": ""})),
    "a measure": ("number_not_told", lambda made: judged(made, lambda one: {**one, "think": "It measures 14 mm."})),
}
NAMES = list(SPOILT)


def judged(made: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    return {name: change(one) if isinstance(one, dict) else one for name, one in made.items()}


def test_what_a_model_gets_wrong_is_a_reject_with_a_code(cx: Path) -> None:
    spoilt: Counter[str] = Counter()

    def behave(body: dict[str, Any], number: int) -> Response:
        place = int(hashlib.sha256(body["messages"][1]["content"].encode()).hexdigest(), 16) % (2 * len(NAMES))
        if place >= len(NAMES):
            return good(body)
        spoilt[NAMES[place]] += 1
        made = SPOILT[NAMES[place]][1](members(body))
        return completion(made if isinstance(made, str) else json.dumps(made))

    whole = answered(cx, good)
    told = answered(cx, behave, seed=1)
    assert set(spoilt) == set(NAMES)
    found = Counter(told["rejects"]) - Counter(whole["rejects"])
    assert set(found) == {code for code, _ in SPOILT.values()}
    assert sum(told["with_trace"].values()) >= sum(whole["with_trace"].values()) - sum(spoilt.values())
    assert rejects(cx) == Counter(told["rejects"])
    assert set(told["rejects"]) <= set(CODES)


def test_names_that_nobody_asked_for_are_rejects(cx: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Response:
        made = members(body)
        return completion(
            json.dumps({("banana" if isinstance(one, dict) else name): one for name, one in made.items()})
        )

    with pytest.raises(CxdataError, match="no trace came out") as caught:
        answered(cx, behave)
    assert "options_order" in str(caught.value)
    assert "candidates" in str(caught.value)


def test_no_sentence_of_a_report_and_no_key_is_told_or_kept_outside_the_traces(cx: Path) -> None:
    texts = [one for body in told_bodies(cx) for item in body["items"] for one in item.get("sentences", ())]
    said = {" ".join(words[start : start + 4]) for words in map(str.split, texts) for start in range(len(words) - 3)}
    assert len(said) > 20
    talk = []
    with serving() as server:
        server.behave = lambda body, n: Response(401, body)
        talk.append(reason(cx, server, rc=1, key="k-secret")[1])
        server.behave = lambda body, n: Response(400, body)
        talk.append(reason(cx, server, rc=1, key="k-secret")[1])
        server.behave = lambda body, n: Response(307, body, {"Location": "http://127.0.0.1:1/v1"})
        talk.append(reason(cx, server, rc=1, key="k-secret")[1])
        server.behave = lambda body, n: good(body) if n % 3 else completion("no JSON")
        talk.append(reason(cx, server, key="k-secret")[1])
        assert server.headers[-1]["Authorization"] == "Bearer k-secret"
    for text in talk:
        assert text
        assert not [words for words in said if words in text]
        assert "k-secret" not in text
    files = [file for file in cx.rglob("*") if file.is_file()]
    assert not [file for file in files if b"k-secret" in file.read_bytes()]


def told_bodies(cx: Path) -> list[dict[str, Any]]:
    """What a run sends, tried on a copy."""
    copy, sent = cx.parent / "copy", []
    subprocess.run(["cp", "-r", str(cx), str(copy)], check=True)

    def behave(body: dict[str, Any], number: int) -> Response:
        sent.append(json.loads(body["messages"][1]["content"]))
        return good(body)

    answered(copy, behave)
    return sent


def test_no_identifier_is_sent(cx: Path) -> None:
    ids = set(pl.read_parquet(str(cx / "mimic" / "samples" / "disease_*.parquet"))["study_key"])
    numbers = {key.rpartition(":")[2].lstrip("s") for key in ids}
    sent = json.dumps(told_bodies(cx))
    assert not [number for number in numbers if number in sent]
    assert not re.search(r"\bmimic\b", sent)


@pytest.mark.parametrize("url", ["http://203.0.113.7/v1", "https://203.0.113.7/v1", "http://0.0.0.0:8000/v1"])
def test_another_machine_is_refused_before_anything_is_sent(url: str, cx: Path) -> None:
    begun = time.monotonic()
    process = start(cx, "--endpoint", url)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert time.monotonic() - begun < 20
    assert not out
    assert "--terms-accepted physionet-credentialed" in err
    assert "PhysioNet counts" in err


def test_the_wrong_terms_are_refused(cx: Path) -> None:
    process = start(cx, "--endpoint", "https://203.0.113.7/v1", "--terms-accepted", "cc-by-nc-nd-4.0")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err


def test_every_code_of_an_answer_has_its_words() -> None:
    assert set(typing.get_args(Code)) == set(ANSWERS)
