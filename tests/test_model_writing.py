"""The model writer against a small server that speaks the protocol: answers, faults, kills, talk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_server import CARDS, MODEL, REVISION, ModelServer, Response, completion, good, members, serving, until

from cxdata.model.errors import CxdataError, UsageError
from cxdata.reasoning.model.asking import Patience
from cxdata.reasoning.model.brief import Brief, Item
from cxdata.reasoning.model.client import Client, PassingError
from cxdata.reasoning.model.endpoint import endpoint
from cxdata.reasoning.model.journal import ATTEMPTS, BATCH
from cxdata.reasoning.model.prompts import messages, prompt_id, system_text
from cxdata.reasoning.model.serving import Served
from cxdata.reasoning.model.settings import Sampling
from cxdata.reasoning.model.writing import ModelConfig, Written, journal, unanswered, write

SECRET = "zebrafish"  # a word of every sentence, which no message may hold
BY = Served(MODEL, REVISION)
QUICK = Patience(tries=3, tries_gone=2, first_wait_s=0.01, longest_wait_s=0.05)
Behave = Callable[[dict[str, Any], int], Response]


def brief(number: int) -> Brief:
    items = (
        Item("A", "Pneumothorax", "absent", (f"No pneumothorax, {SECRET} {number}.",)),
        Item("B", "Pleural Effusion", "present", (f"A small left effusion, {SECRET} {number}.",)),
        Item("C", "Fracture", "not stated"),
    )
    return Brief(f"mimic/disease_single_choice/s{number:04d}", "closed", "Which finding is there?", items)


def open_brief(number: int) -> Brief:
    items = (
        Item("Edema", "Edema", "present", (f"Mild edema, {SECRET} {number}.",)),
        Item("Pneumonia", "Pneumonia", "absent", (f"No pneumonia, {SECRET} {number}.",)),
    )
    return Brief(f"mimic/disease_open/s{number:04d}", "open", "What is there?", items)


def config(server: ModelServer, **changed: Any) -> ModelConfig:
    plain = ModelConfig(endpoint(server.url), concurrency=8, timeout_s=5.0, patience=QUICK)
    return plain._replace(**changed)


def run(server: ModelServer, folder: Path, n: int = 12, **changed: Any) -> list[Written]:
    return answers(server, [brief(number) for number in range(n)], folder, **changed)


def answers(server: ModelServer, briefs: list[Brief], folder: Path, by: Served = BY, **changed: Any) -> list[Written]:
    asked = config(server, **changed)
    with journal(folder, by, asked.sampling) as kept:
        return list(write(briefs, asked, by, kept))


def codes(written: list[Written]) -> list[str]:
    return [one.said for one in written if isinstance(one.said, str)]


def at_first(times: int, bad: Response) -> Behave:
    """A behaviour that is bad that many times for each sample, and good then."""
    seen: dict[str, int] = {}

    def behave(body: dict[str, Any], number: int) -> Response:
        text = body["messages"][1]["content"]
        seen[text] = seen.get(text, 0) + 1
        return bad if seen[text] <= times else good(body)

    return behave


# What is asked, and what comes of it


def test_every_brief_is_answered_in_order(tmp_path: Path) -> None:
    with serving() as server:
        written = run(server, tmp_path)
    assert [one.sample_id for one in written] == [brief(n).sample_id for n in range(12)]
    first = written[0].said
    assert not isinstance(first, str)
    assert [(one.key, one.verdict) for one in first] == [("A", False), ("B", True), ("C", False), ("closing", None)]
    assert (written[0].tokens_in, written[0].tokens_out) == (700, 90)


def test_an_open_answer_begins_with_its_candidates(tmp_path: Path) -> None:
    with serving() as server:
        (written,) = answers(server, [open_brief(1)], tmp_path)
    assert not isinstance(written.said, str)
    assert [one.key for one in written.said] == ["candidates", "Edema", "Pneumonia", "closing"]
    assert written.prompt_id == prompt_id("open") != prompt_id("closed")


def test_a_request_is_what_vllm_and_openai_take(tmp_path: Path) -> None:
    with serving() as server:
        run(server, tmp_path, 1)
    (body,) = server.asked
    assert server.paths == ["/v1/chat/completions"]
    assert set(body) == {
        "model", "messages", "response_format", "stream", "temperature", "top_p", "max_tokens", "seed"
    }  # fmt: skip
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    form = body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    schema = form["json_schema"]["schema"]
    assert list(schema["properties"]) == ["A", "B", "C", "closing"] == schema["required"]
    assert schema["additionalProperties"] is False
    assert list(schema["properties"]["A"]["properties"]) == ["think", "verdict"]


def test_nothing_but_question_items_and_their_sentences_is_sent(tmp_path: Path) -> None:
    with serving() as server:
        run(server, tmp_path, 1)
    sent = json.loads(server.asked[0]["messages"][1]["content"])
    assert set(sent) == {"question", "items"}
    assert sent["items"][2] == {"item": "C", "finding": "Fracture", "state": "not stated"}
    assert "s0000" not in json.dumps(server.asked[0])
    assert server.asked[0]["messages"][0]["content"] == system_text("closed")


def test_the_seed_of_a_request_depends_on_run_and_sample_and_stands_in_the_row(tmp_path: Path) -> None:
    with serving() as server:
        one = run(server, tmp_path / "one")
        run(server, tmp_path / "two")
        run(server, tmp_path / "three", sampling=Sampling(seed=1))
    seeds = [
        {body["messages"][1]["content"]: body["seed"] for body in server.asked[start : start + 12]}
        for start in (0, 12, 24)
    ]
    assert seeds[0] == seeds[1] != seeds[2]
    assert len(set(seeds[0].values())) == 12
    assert {json.loads(row.sampling)["seed"] for row in one} == set(seeds[0].values())


def test_requests_are_many_at_once_and_never_more_than_asked_for(tmp_path: Path) -> None:
    with serving(lambda body, n: good(body)._replace(wait_s=0.05)) as server:
        run(server, tmp_path, 40, concurrency=5)
    assert server.most_at_once == 5


# What is there is never asked again


def test_a_second_run_asks_nothing_and_gives_the_same(tmp_path: Path) -> None:
    with serving() as server:
        first = run(server, tmp_path)
        asked = len(server.asked)
        assert run(server, tmp_path) == first
        assert len(server.asked) == asked == 12
        with journal(tmp_path, BY, Sampling()) as kept:
            assert unanswered([brief(n) for n in range(14)], kept) == 2


def test_another_sentence_model_prompt_or_sampling_is_asked_anew(tmp_path: Path) -> None:
    with serving() as server:
        run(server, tmp_path, 2)
        run(server, tmp_path, 2, sampling=Sampling(temperature=0.0))
        assert len(server.asked) == 4
        changed = brief(0)._replace(items=brief(1).items)
        answers(server, [changed], tmp_path)
        answers(server, [brief(0)], tmp_path, Served("other", None))
    assert len(server.asked) == 6
    assert len(list(tmp_path.glob("*.jsonl"))) == 3


def test_answers_to_other_briefs_do_no_harm(tmp_path: Path) -> None:
    with serving() as server:
        whole = run(server, tmp_path)
        assert run(server, tmp_path, 5) == whole[:5]


def test_a_torn_line_is_asked_again_and_the_rest_is_kept(tmp_path: Path) -> None:
    with serving() as server:
        whole = run(server, tmp_path)
        (file,) = tmp_path.glob("*.jsonl")
        content = file.read_bytes()
        for cut in (1, 7, 100, len(content.splitlines(keepends=True)[-1]) - 1):
            file.write_bytes(content[:-cut])
            assert run(server, tmp_path) == whole
    assert len(server.asked) == 12 + 4


def test_a_journal_that_was_changed_is_an_error(tmp_path: Path) -> None:
    with serving() as server:
        run(server, tmp_path)
        (file,) = tmp_path.glob("*.jsonl")
        lines = file.read_bytes().splitlines(keepends=True)
        for bad in (b"{}\n", b"x\n", b'{"id": "a", "request": "b", "seed": "c", "reply": null}\n', b'{"id"' + b"\n"):
            file.write_bytes(b"".join([*lines[:5], bad, *lines[6:]]))
            with pytest.raises(CxdataError, match="line 6"):
                run(server, tmp_path)
        file.write_bytes(lines[1])
        with pytest.raises(CxdataError, match="line 1"):
            run(server, tmp_path)


def test_the_journal_is_for_its_owner_alone(tmp_path: Path) -> None:
    with serving() as server:
        run(server, tmp_path, 1)
    (file,) = tmp_path.glob("*.jsonl")
    assert file.stat().st_mode & 0o077 == 0


def test_lines_are_made_safe_by_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with serving() as server:
        run(server, tmp_path, 3 * BATCH)
    assert len(synced) == 4  # each whole batch, and the end


# Faults of the server


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int, tmp_path: Path) -> None:
    with serving(at_first(1, Response(status))) as server:
        written = run(server, tmp_path)
    assert not codes(written)
    assert len(server.asked) == 24


def test_the_same_request_comes_again_with_the_same_seed(tmp_path: Path) -> None:
    with serving(at_first(2, Response(503))) as server:
        run(server, tmp_path, 1)
    assert len(server.asked) == 3
    assert server.asked[0] == server.asked[1] == server.asked[2]


def test_the_server_says_how_long_to_wait(tmp_path: Path) -> None:
    begun = time.monotonic()
    with serving(at_first(1, Response(429, headers={"Retry-After": "1"}))) as server:
        run(server, tmp_path, 1)
    assert 1.0 <= time.monotonic() - begun < 5.0


@pytest.mark.parametrize("bad", [Response(wait_s=30.0), Response(body=b"{" * 1000, cut=True), Response(body=b"<html>")])
def test_time_outs_and_answers_cut_off_are_tried_again(bad: Response, tmp_path: Path) -> None:
    with serving(at_first(1, bad)) as server:
        written = run(server, tmp_path, 4, timeout_s=0.3)
    assert not codes(written)
    assert len(server.asked) >= 8


def test_a_server_that_never_answers_in_time_ends_the_run(tmp_path: Path) -> None:
    with serving(lambda body, n: Response(wait_s=30.0)) as server, pytest.raises(CxdataError) as caught:
        run(server, tmp_path, timeout_s=0.1)
    assert "no answer within 0.1 s" in str(caught.value)
    assert "run the same command to go on" in str(caught.value)


def test_one_sample_without_answer_keeps_the_others_and_is_told(tmp_path: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Response:
        return Response(500) if f"{SECRET} 3." in body["messages"][1]["content"] else good(body)

    with serving(behave) as server:
        with pytest.raises(CxdataError, match="1 samples have no answer yet: status 500") as caught:
            run(server, tmp_path)
        assert SECRET not in str(caught.value)
        asked = len(server.asked)
        server.behave = good
        assert not codes(run(server, tmp_path))
        assert len(server.asked) == asked + 1


def test_a_server_that_goes_away_ends_the_run_with_what_was_answered(tmp_path: Path) -> None:
    with serving() as server:
        server.behave = lambda body, n: good(body)._replace(wait_s=0.02)
        gone = threading.Thread(target=lambda: (until(lambda: len(server.asked) > 20), stop(server)))
        gone.start()
        with pytest.raises(CxdataError, match="no longer answers") as caught:
            run(server, tmp_path, 400, concurrency=4)
        gone.join()
    assert "run the same command to go on" in str(caught.value)
    (file,) = tmp_path.glob("*.jsonl")
    kept = len(file.read_bytes().splitlines()) - 1
    assert kept >= 16
    with serving() as server:
        assert not codes(run(server, tmp_path, 400))
    assert len(server.asked) == 400 - kept


def stop(server: ModelServer) -> None:
    server.behave = lambda body, n: Response(body=b"x" * 100, cut=True)
    server.server.shutdown()
    server.server.server_close()


@pytest.mark.parametrize(("status", "said"), [(401, "CXDATA_API_KEY"), (403, "CXDATA_API_KEY"), (404, "--model")])
def test_what_must_be_mended_first_ends_the_run_at_once(status: int, said: str, tmp_path: Path) -> None:
    with serving(lambda body, n: Response(status, {"error": f"{SECRET} {body}"})) as server:
        with pytest.raises(CxdataError, match=said) as caught:
            run(server, tmp_path)
        assert len(server.asked) <= 8
    assert SECRET not in str(caught.value)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with serving() as other, serving() as server:
        server.behave = lambda body, n: Response(307, headers={"Location": f"{other.url}/chat/completions"})
        with pytest.raises(CxdataError, match="not followed"):
            run(server, tmp_path)
        assert not other.asked
        assert not other.paths


def test_proxies_of_the_environment_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy, serving() as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        assert not codes(run(server, tmp_path))
        assert not proxy.paths


def test_localhost_is_never_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    asked: list[str] = []
    known = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return known(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with serving() as server:
        url = server.url.replace("127.0.0.1", "localhost")
        assert not codes(run(server, tmp_path, endpoint=endpoint(url)))
    assert set(asked) == {"127.0.0.1"}


def test_a_request_that_is_rejected_is_a_reject_where_others_are_answered(tmp_path: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Response:
        return Response(400, {"error": body}) if f"{SECRET} 0." in body["messages"][1]["content"] else good(body)

    with serving(behave) as server:
        written = run(server, tmp_path)
        assert codes(written) == ["request_refused"] == [written[0].said]
        assert run(server, tmp_path) == written
        assert len(server.asked) == 12


def test_a_server_that_rejects_all_is_the_wrong_server_and_nothing_is_kept_of_it(tmp_path: Path) -> None:
    with serving(lambda body, n: Response(400)) as server:
        for n in (1, 50):
            with pytest.raises(CxdataError, match="rejects every request"):
                run(server, tmp_path, n)
        server.behave = good
        assert not codes(run(server, tmp_path, 50))


# Answers without form


def wrong(**changed: Any) -> Behave:
    def behave(body: dict[str, Any], number: int) -> Response:
        return completion(json.dumps({**members(body), **changed}))

    return behave


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (completion("no JSON"), "answer_not_json"),
        (completion('```json\n{"A": 1}\n```'), "answer_not_json"),
        (completion("[" * 100_000), "answer_not_json"),
        (completion('"A"'), "answer_not_json"),
        (completion("[]"), "answer_not_json"),
        (completion(""), "answer_not_json"),
        (completion(None), "answer_not_json"),
        (Response(body={"choices": []}), "answer_not_json"),
        (Response(body=["choices"]), "answer_not_json"),
        (Response(body={"choices": [{"message": "x"}]}), "answer_not_json"),
        (completion('{"A": {"think": "x", "verd', finish="length"), "answer_cut"),
        (completion(None, refusal="I cannot."), "answer_refused"),
        (completion("", finish="content_filter"), "answer_refused"),
        (completion('{"A": "a think without verdict"}'), "answer_not_schema"),
        (completion('{"A": {"think": "x", "verdict": "true"}}'), "answer_not_schema"),
        (completion('{"A": {"think": "x", "verdict": true, "more": 1}}'), "answer_not_schema"),
        (completion('{"A": {"think": "x", "think": "y", "verdict": true}}'), "answer_not_schema"),
        (completion('{"A": {"think": null, "verdict": NaN}}'), "answer_not_json"),
    ],
)
def test_an_answer_without_form_is_asked_again_with_other_seeds_and_then_a_reject(
    answer: Response, code: str, tmp_path: Path
) -> None:
    with serving(lambda body, n: answer) as server:
        written = run(server, tmp_path, 2)
        assert codes(written) == [code, code]
        assert len(server.asked) == 2 * ATTEMPTS
        assert len({body["seed"] for body in server.asked}) == 2 * ATTEMPTS
        assert run(server, tmp_path, 2) == written
        assert len(server.asked) == 2 * ATTEMPTS


def test_the_next_answer_may_have_form(tmp_path: Path) -> None:
    with serving(at_first(ATTEMPTS - 1, completion("no JSON"))) as server:
        written = run(server, tmp_path, 3)
    assert not codes(written)
    seeds = [body["seed"] for body in server.asked]
    assert len(set(seeds)) == len(seeds) == 3 * ATTEMPTS
    assert {json.loads(one.sampling)["seed"] for one in written} <= set(seeds[-3:])


def test_a_wrong_structure_is_handed_on_as_it_stands(tmp_path: Path) -> None:
    judged = {"think": "x", "verdict": True}
    with serving(wrong(D=judged)) as server:
        (written,) = run(server, tmp_path, 1)
        assert not isinstance(written.said, str)
        assert [one.key for one in written.said] == ["A", "B", "C", "closing", "D"]
        server.behave = lambda body, n: completion(json.dumps({"B": judged, "A": judged}))
        (written,) = run(server, tmp_path / "other", 1)
        assert not isinstance(written.said, str)
        assert [one.key for one in written.said] == ["B", "A"]
        twice = completion('{"A": {"think": "x", "verdict": true}, "A": {"think": "y", "verdict": false}}')
        server.behave = lambda body, n: twice
        (written,) = run(server, tmp_path / "twice", 1)
        assert not isinstance(written.said, str)
        assert [(one.key, one.think) for one in written.said] == [("A", "x"), ("A", "y")]
    assert len(server.asked) == 3  # the checker's business, and asked once


# Kills

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a parent in the background may have set aside
sys.path[:0] = [{tests!r}]
from pathlib import Path
from test_model_writing import BY, QUICK, brief
from cxdata.reasoning.model.endpoint import endpoint
from cxdata.reasoning.model.writing import ModelConfig, journal, write
briefs = [brief(number) for number in range(300)]
config = ModelConfig(endpoint(sys.argv[1]), concurrency=8, timeout_s=20.0, patience=QUICK)
with journal(Path(sys.argv[2]), BY, config.sampling) as kept:
    for one in write(briefs, config, BY, kept):
        print(repr(one))
"""


def start(server: ModelServer, folder: Path) -> subprocess.Popen[str]:
    code = PROGRAM.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", code, server.url, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGKILL],
        pytest.param([signal.SIGKILL] * 3, marks=pytest.mark.slow),
        pytest.param([signal.SIGINT], marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_goes_on_and_loses_at_most_what_was_in_flight(signals: list[int], tmp_path: Path) -> None:
    slow = lambda body, n: good(body)._replace(wait_s=0.02)  # noqa: E731
    with serving(slow) as server:
        for sent in signals:
            before = len(server.asked)
            process = start(server, tmp_path / "killed")
            until(lambda before=before: len(server.asked) > before + 60)  # type: ignore[misc]
            begun = time.monotonic()
            process.send_signal(sent)
            out, err = process.communicate(timeout=20)
            assert time.monotonic() - begun < 5
            assert process.returncode != 0
            assert not out
            assert SECRET not in err
        process = start(server, tmp_path / "killed")
        finished, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert len(server.asked) <= 300 + 8 * len(signals)
        whole, _ = start(server, tmp_path / "whole").communicate(timeout=60)
    assert finished == whole


def test_an_interrupt_does_not_wait_for_the_model(tmp_path: Path) -> None:
    with serving(lambda body, n: Response(wait_s=30.0)) as server:
        process = start(server, tmp_path)
        until(lambda: len(server.asked) >= 8)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert time.monotonic() - begun < 5


# Who answers, and with which key


def test_the_model_is_what_the_endpoint_serves(tmp_path: Path) -> None:
    with serving() as server:
        assert config(server).served() == Served(MODEL, REVISION)
        assert config(server, model="m", revision="r").served() == Served("m", "r")
        assert len(server.paths) == 1  # both given: nothing is asked
        with pytest.raises(UsageError, match="does not serve 'other'"):
            config(server, model="other").served()
        with pytest.raises(UsageError, match="serves revision"):
            config(server, revision="r").served()


@pytest.mark.parametrize("root", [None, "/models/small", "org/small"])
def test_a_revision_that_the_endpoint_does_not_say_is_the_users_or_none(root: str | None) -> None:
    with serving(cards=[{**CARDS[0], "root": root}]) as server:
        assert config(server).served() == Served(MODEL, None)
        assert config(server, revision="r").served() == Served(MODEL, "r")


def test_one_of_several_models_is_named(tmp_path: Path) -> None:
    with serving(cards=[{"id": "a"}, {"id": "b", "revision": "r2"}]) as server:
        with pytest.raises(UsageError, match="--model, of: a, b"):
            config(server).served()
        assert config(server, model="b").served() == Served("b", "r2")


@pytest.mark.parametrize("cards", [[], [{"name": "x"}], ["x"], None])
def test_an_endpoint_without_a_model(cards: Any) -> None:
    with serving(cards=cards) as server, pytest.raises(CxdataError, match="lists no model"):
        config(server).served()


def test_nobody_answers() -> None:
    with serving() as server:
        pass
    with pytest.raises(CxdataError, match="vllm serve") as caught:
        config(server).served()
    assert caught.value.exit_code == 1


def test_the_key_goes_into_one_header_and_nowhere_else(tmp_path: Path) -> None:
    with serving() as server:
        run(server, tmp_path, 1, key="k-123")
        assert server.headers[0]["Authorization"] == "Bearer k-123"
        run(server, tmp_path / "without", 1)
        assert "Authorization" not in server.headers[1]
        server.behave = lambda body, n: Response(401)
        with pytest.raises(CxdataError) as caught:
            run(server, tmp_path / "wrong", 1, key="k-123")
    assert "k-123" not in str(caught.value) + "".join(file.read_text() for file in tmp_path.rglob("*.jsonl"))


@pytest.mark.parametrize("key", ["", " k", "k\n", "k\r\nX: y", "kö"])
def test_a_key_that_no_header_may_hold(key: str) -> None:
    with pytest.raises(CxdataError) as caught:
        Client(endpoint("http://127.0.0.1:1/v1"), 1.0, key)
    assert "X: y" not in str(caught.value)


def test_an_answer_that_trickles_is_a_time_out(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def trickle() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not done.wait(0.05):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        return

        thread = threading.Thread(target=trickle)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with Client(endpoint(url), 0.5) as client, pytest.raises(PassingError, match="no answer within"):
            client.get("/models")
        done.set()
        thread.join()


def test_a_prompt_id_changes_with_the_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    from cxdata.reasoning.model import prompts

    before = prompt_id("closed")
    changed = prompts.prompts().model_copy(update={"system": "Something else."})
    monkeypatch.setattr(prompts, "prompts", lambda: changed)
    prompt_id.cache_clear()
    try:
        assert prompt_id("closed") != before
    finally:
        prompt_id.cache_clear()


def test_bindings_have_journals_of_their_own(tmp_path: Path) -> None:
    with journal(tmp_path, BY, Sampling()) as one, journal(tmp_path, Served(MODEL, None), Sampling()) as other:
        assert one.path != other.path
        assert not one.state("x", "y").attempts
        assert one.entry("x", "y") is None


def test_messages_are_the_same_for_the_same_brief() -> None:
    assert messages(brief(1)) == messages(brief(1))
