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
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom
from model_server import MODEL, REVISION, ModelServer, Response, completion, good, members, serving, until

from cxdata.reasoning.codes import ANSWERS, CODES
from cxdata.reasoning.model.replies import Code
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


def spoilt(spoil: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any], int], Response]:
    """Every third answer is spoilt."""

    def behave(body: dict[str, Any], number: int) -> Response:
        made = members(body)
        if int(hashlib.sha256(body["messages"][1]["content"].encode()).hexdigest(), 16) % 3 == 0:
            made = spoil(made)
        return completion(made if isinstance(made, str) else json.dumps(made))

    return behave


def test_traces_are_written_checked_and_told(cx: Path) -> None:
    with serving() as server:
        told, _ = reason(cx, server)
        asked = len(server.asked)
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
    asked_for = asked - traces.height
    assert asked_for <= sum(told["rejects"].values())
    assert not set(told["rejects"]) & {"evidence_foreign", "verdict_differs", "final_differs", "basis", "steps"}


def test_a_second_run_asks_and_writes_nothing(cx: Path) -> None:
    with serving() as server:
        reason(cx, server)
        asked, before = len(server.asked), shas(cx)
        told, _ = reason(cx, server)
        assert told["shards_written"] == 0
        assert told["shards_reused"] == len(before)
        assert len(server.asked) == asked
    assert shas(cx) == before


@pytest.mark.parametrize("sent", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(sent: int, cx: Path, built: Path, tmp_path: Path) -> None:
    slow = lambda body, n: good(body)._replace(wait_s=0.02)  # noqa: E731
    whole = tmp_path / "whole"
    subprocess.run(["cp", "-r", str(built), str(whole)], check=True)
    with serving() as server:
        reason(whole, server)
        needed = len(server.asked)
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
        server.behave = good
        asked = len(server.asked)
        told, _ = reason(cx, server)
        assert sum(told["with_trace"].values()) > 100
        assert all(body not in server.asked[asked:] for body in server.asked[:30])


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda made: "no JSON", "answer_not_json"),
        (lambda made: {**made, "closing": 1}, "answer_not_schema"),
        (lambda made: {**made, "closing": "half a pair \ud800"}, "answer_not_schema"),
        (lambda made: {}, "steps"),
        (lambda made: dict(list(made.items())[:-1]), "steps"),
        (lambda made: {**made, "G": {"think": "x", "verdict": False}}, "steps"),
        (lambda made: {name: flipped(one) for name, one in made.items()}, "verdict_differs"),
        (lambda made: {name: worded(one, "As mentioned in the report.") for name, one in made.items()}, "banned_word"),
        (lambda made: {name: worded(one, "<think>") for name, one in made.items()}, "think_form"),
        (lambda made: {name: worded(one, "") for name, one in made.items()}, "think_form"),
        (lambda made: {name: worded(one, "It measures 14 mm.") for name, one in made.items()}, "number_not_told"),
    ],
)
def test_what_a_model_gets_wrong_is_a_reject_with_a_code(
    spoil: Callable[[dict[str, Any]], Any], code: str, cx: Path
) -> None:
    with serving() as server:
        reason(cx, server)
        whole, well = rejects(cx), rows(cx).height
        server.behave = spoilt(spoil)
        _, err = reason(cx, server, "--seed", "1")  # another seed, other answers
    more = rejects(cx) - whole
    assert more[code] > 10, (more, err)
    assert rows(cx).height == well - sum((rejects(cx) - whole).values()) + sum((whole - rejects(cx)).values())
    assert set(rejects(cx)) <= set(CODES)


def flipped(one: Any) -> Any:
    return {**one, "verdict": not one["verdict"]} if isinstance(one, dict) else one


def worded(one: Any, text: str) -> Any:
    return {**one, "think": text} if isinstance(one, dict) else one


def test_items_in_another_order_or_of_another_name_are_rejects(cx: Path) -> None:
    def renamed(made: dict[str, Any]) -> dict[str, Any]:
        return {("banana" if isinstance(one, dict) else name): one for name, one in made.items()}

    for number, spoil in enumerate([renamed, lambda made: dict(reversed(made.items()))]):
        with serving(spoilt(spoil)) as server:
            told, _ = reason(cx, server, "--seed", str(number + 2))
        assert sum(told["rejects"].get(code, 0) for code in ("options_order", "candidates", "steps", "basis")) > 10


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
        server.behave = spoilt(lambda made: "no JSON")
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
    copy = cx.parent / "copy"
    subprocess.run(["cp", "-r", str(cx), str(copy)], check=True)
    with serving() as server:
        reason(copy, server)
    return [json.loads(body["messages"][1]["content"]) for body in server.asked]


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
