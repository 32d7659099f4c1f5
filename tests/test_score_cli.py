"""`cxmind-train score`: lines in, the same lines with scores out; bad lines are told with their number."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from reward_cases import cases, gold_of

from cxmind_train import __version__
from cxmind_train.cli import app, main
from cxmind_train.cli.score import EXAMPLES

PAIR = "<think>x</think><answer>B</answer>"


class Run:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["cxmind-train", *arguments])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        out, err = self._capsys.readouterr()
        return code, out, err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


def lines(folder: Path, *rows: Any) -> str:
    file = folder / "completions.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("mode", ["fixed", "reference"])
def test_golden_completions_through_the_command(tmp_path: Path, run: Run, mode: str) -> None:
    for stage, key in (("closed", "accuracy"), ("open", "f1")):
        asked = [case for case in cases() if case.stage == stage and "bare" not in case.name]
        rows = [{"id": c.name, "completion": c.completion, "gold": c.gold, **c.labels} for c in asked]
        code, out, err = run("score", "--stage", stage, "--mode", mode, lines(tmp_path, *rows))
        assert code == 0
        assert err.startswith(f"{len(asked)} lines, {mode}: format ")
        for case, row, line in zip(asked, rows, out.splitlines(), strict=True):
            told = json.loads(line)
            scores = told.pop("scores")
            assert told == row
            assert list(scores) == ["format", key, "think", "process", "total"]
            rounded = [None if value is None else round(value, 4) for value in scores.values()]
            assert rounded == case.expected[mode]


def test_gold_against_itself(tmp_path: Path, run: Run) -> None:
    golds = {"closed": ["letter", "letters", "one_of_four", "silent"], "open": ["names", "wet", "dry"]}
    for stage, names in golds.items():
        rows = [{"id": name, "completion": gold_of(name), "gold": gold_of(name)} for name in names]
        _, out, _ = run("score", "--stage", stage, lines(tmp_path, *rows))
        scores = [json.loads(line)["scores"] for line in out.splitlines()]
        assert [(s["format"], s["total"]) for s in scores] == [(1, 1)] * len(names)


def test_other_keys_stay(tmp_path: Path, run: Run) -> None:
    row = {"id": 7, "completion": PAIR, "gold": PAIR, "step": {"n": 3}, "basis": None}
    code, out, _ = run("score", "--stage", "closed", lines(tmp_path, row, "", " "))
    assert code == 0
    assert {key: value for key, value in json.loads(out).items() if key != "scores"} == row


def test_a_lone_surrogate_is_no_trouble(tmp_path: Path, run: Run) -> None:
    row = r'{"id": "a", "completion": "\ud800", "gold": "<answer>B</answer>"}'
    code, out, _ = run("score", "--stage", "closed", lines(tmp_path, row))
    assert (code, json.loads(out)["completion"]) == (0, "\ud800")


BAD = [
    ("words", "not a line of JSON in UTF-8"),
    ("[" * 100_000, "not a line of JSON in UTF-8"),
    ("[]", "not a JSON object"),
    ('{"id": 1, "gold": "secret words"}', "missing or of another type: completion"),
    ('{"id": 1, "completion": 5, "gold": "secret words"}', "missing or of another type: completion"),
    ('{"id": 1, "completion": "x", "gold": ""}', "missing or of another type: gold"),
    ('{"id": 1, "completion": "x", "gold": "secret words"}', "the gold has no closing answer"),
    ('{"id": 1, "completion": "x", "gold": "<answer>secret words</answer>"}', "answer of the gold cannot be read"),
    ('{"id": 1, "completion": "x", "gold": "<answer>B</answer>", "basis": ["denied", null]}', "differ in number"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "told"), BAD)
def test_a_bad_line_is_told_with_its_number_and_without_its_text(
    tmp_path: Path, run: Run, line: str, told: str
) -> None:
    good = {"id": 0, "completion": PAIR, "gold": PAIR}
    code, out, err = run("score", "--stage", "closed", lines(tmp_path, good, line, good))
    assert (code, out) == (1, "")
    assert told in err
    assert "completions.jsonl, line 2\n" in err
    assert "mend:" in err
    assert "secret" not in err


def test_many_bad_lines_are_told_in_order_and_counted(tmp_path: Path, run: Run) -> None:
    code, _, err = run("score", "--stage", "open", lines(tmp_path, *["[]"] * 30))
    assert code == 1
    assert err.startswith("error: 30 problems with the input, the first 20 of them:")
    assert err.index("line 2\n") < err.index("line 10\n") < err.index("line 20\n")
    assert "line 21" not in err


def test_reference_mode_scores_a_gold_that_fixed_mode_refuses(tmp_path: Path, run: Run) -> None:
    file = lines(tmp_path, {"id": 1, "completion": PAIR, "gold": "B"})
    assert run("score", "--stage", "closed", file)[0] == 1
    code, out, _ = run("score", "--stage", "closed", "--mode", "reference", file)
    assert (code, json.loads(out)["scores"]["accuracy"]) == (0, 0)


def test_no_line_and_no_file(tmp_path: Path, run: Run) -> None:
    code, _, err = run("score", "--stage", "closed", lines(tmp_path, "", ""))
    assert code == 1
    assert "no line to score" in err
    code, _, err = run("score", "--stage", "closed", str(tmp_path / "none.jsonl"))
    assert code == 1
    assert "none.jsonl" in err


@pytest.mark.parametrize(
    "arguments", [["score"], ["score", "--stage", "sft", "f"], ["score", "--mode", "x", "f"], ["fly"]]
)
def test_wrong_use(run: Run, arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


def test_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    row = json.dumps({"id": 1, "completion": PAIR, "gold": PAIR}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(row)))
    code, out, _ = run("score", "--stage", "closed", "-")
    assert (code, json.loads(out)["scores"]["total"]) == (0, 1)


def test_an_interrupt_says_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Interrupted(io.TextIOWrapper):
        @property
        def buffer(self) -> Any:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted(io.BytesIO()))
    code, _, err = run("score", "--stage", "closed", "-")
    assert (code, "run the same command" in err) == (130, True)


def test_help_and_version(run: Run) -> None:
    assert run("--version")[:2] == (0, f"{__version__}\n")
    verbs = [command.name for command in app.registered_commands]
    assert verbs == ["check", "sft", "stage1", "stage2", "eval", "compare", "score"]
    assert len(EXAMPLES) == 2
    for flag in ("-h", "--help"):
        code, out, _ = run("score", flag)
        assert code == 0
        assert " ".join(out.split()).count("cxmind-train score") == 3, "usage and two examples"
