"""Two models over the same rows: the difference of every number, drawn alike, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from test_evaluate import Looking, said, text_row
from trained_folders import closed_row, open_row, write_stage
from typer.testing import CliRunner

from cxdata.model.errors import CxdataError, RefusedError
from cxmind_train.cli import app
from cxmind_train.evaluate import run as run_module
from cxmind_train.evaluate.binary import FEWEST
from cxmind_train.evaluate.bootstrap import Bootstrap
from cxmind_train.evaluate.compare import compare
from cxmind_train.evaluate.generate import Asked
from cxmind_train.evaluate.measures import by_finding, macro, mean
from cxmind_train.evaluate.run import Evaluation, evaluate
from cxmind_train.evaluate.scored import yes_and_no


class Denying(Looking):
    """Says No whatever is shown."""

    def answers(self, asked: Sequence[Asked]) -> list[str]:
        return [f"<answer>{(yes_and_no(one.problem) or ('', ''))[1]}</answer>" for one in asked]


def evaluated(monkeypatch: pytest.MonkeyPatch, data: Path, out: Path, backend: type[Looking], **told: Any) -> Path:
    monkeypatch.setattr(run_module, "_backend", lambda *_: backend())
    monkeypatch.setattr(run_module, "need", lambda *_: None)
    evaluate(Evaluation(data, backend.__name__, out, said, **{"resamples": 50, **told}))
    return out


def stage(home: Path, n: int = 12, **changes: Any) -> Path:
    rows = [closed_row(place, split="test", gold_basis=["affirmed", "denied", None], **changes) for place in range(n)]
    return write_stage(home, splits={"test": rows}).home


def test_pairs_are_drawn_alike() -> None:
    """The interval of a difference is that of the mean of differences, and narrower than of two apart."""
    one = [float(place % 3 == 0) for place in range(600)]
    other = [1.0 if place % 30 == 1 else value for place, value in enumerate(one)]
    boot = Bootstrap([f"p{place}" for place in range(600)], 0)
    first, second = mean(pl.Series(one)), mean(pl.Series(other))
    low, high = boot.interval(lambda weights: second(weights) - first(weights)) or (0, 0)
    assert (low, high) == pytest.approx(boot.of_mean([b - a for a, b in zip(one, other, strict=True)]))
    apart = boot.interval(second) or (0, 0)
    assert high - low < (apart[1] - apart[0]) / 2
    spread = 1.96 * np.std([b - a for a, b in zip(one, other, strict=True)]) / 600**0.5
    assert (low, high) == (pytest.approx(1 / 30 - spread, abs=0.003), pytest.approx(1 / 30 + spread, abs=0.003))


def test_every_number_of_both_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = stage(tmp_path / "mix")
    a = evaluated(monkeypatch, data, tmp_path / "a", Denying, rotate=True)
    b = evaluated(monkeypatch, data, tmp_path / "b", Looking, rotate=True)
    told = compare(a, b, resamples=200)
    assert (told["n"], told["patients"], told["notes"]) == (12, 3, [])
    for part in (
        told,
        told["tasks"]["disease_binary"],
        told["strata"]["source"]["mimic"],
        told["strata"]["sex"]["unknown"],
    ):
        assert part["accuracy"] | {"a": 0.5, "b": 1.0, "difference": 0.5} == part["accuracy"]
    edema = told["findings"]["Edema"]
    assert (edema["sensitivity"]["difference"], edema["specificity"]["difference"]) == (1, 0)
    assert edema["auroc"] == {"a": 1, "b": 1, "difference": 0, "ci": [0, 0]}
    assert "mcc" not in edema, "all answers alike have no coefficient"
    blank = told["views"]["blank"]
    assert (blank["accuracy"]["difference"], blank["lost"]["difference"]) == (0, 0.5)
    assert told["views"]["rotated"]["same_answer"]["difference"] == 0
    assert told["traces"]["by_basis"]["affirmed"]["judged"]["a"] == 0
    summaries = [json.loads((home / "summary.json").read_text()) for home in (a, b)]
    assert [told["format"][name] for name in ("a", "b")] == [one["format"] for one in summaries]
    same = compare(a, a, resamples=200)
    assert same["accuracy"] == {"a": 0.5, "b": 0.5, "difference": 0, "ci": [0, 0]}


def test_the_mean_over_findings_draws_a_patient_for_all() -> None:
    n = 4 * FEWEST
    rows = pl.DataFrame({
        "finding": ["Edema", "Mass"] * (n // 2), "is_yes": [place % 4 < 2 for place in range(n)],
        "said_yes": [place % 4 < 2 or place % 7 == 0 for place in range(n)], "p_yes": [None] * n,
    }, schema_overrides={"p_yes": pl.Float64})  # fmt: skip
    findings = by_finding(rows)
    means = macro(findings, ["Edema", "Mass"])
    weights = np.ones((1, n))
    parts = [float(findings[name]["specificity"](weights)[0]) for name in ("Edema", "Mass")]
    assert float(means["specificity"](weights)[0]) == pytest.approx(sum(parts) / 2)
    doubled = np.where(np.arange(n) % 2 == 0, 2.0, 1.0)[None, :]
    assert findings["Edema"]["specificity"](doubled)[0] == pytest.approx(parts[0]), "weights of Mass are left aside"
    assert "auroc" not in means


def test_texts_and_open_questions_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Once(Looking):
        text = "There is edema."

        def answers(self, asked: Sequence[Asked]) -> list[str]:
            return [self.text for _ in asked]

    class Again(Once):
        text = "There is unchanged edema."

    data = write_stage(tmp_path / "sft", "sft", {"test": [text_row(n) for n in range(6)]}).home
    told = compare(
        *(evaluated(monkeypatch, data, tmp_path / one.__name__, one) for one in (Once, Again)), resamples=100
    )
    assert told["reports"]["invented_prior"] == {"a": 0, "b": 1, "difference": 1, "ci": [1, 1]}
    assert told["reports"]["finding_f1"]["difference"] == told["texts"]["finding_f1"]["difference"] == 0
    assert told["rouge_l"]["difference"] < 0
    data = write_stage(tmp_path / "open", "open", {"test": [open_row(n, split="test") for n in range(6)]}).home
    folders = [evaluated(monkeypatch, data, tmp_path / f"o{n}", Looking) for n in range(2)]
    assert compare(*folders, resamples=100)["f1"]["a"] == 1


def test_unlike_data_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a = evaluated(monkeypatch, stage(tmp_path / "mix"), tmp_path / "a", Looking)
    b = evaluated(monkeypatch, stage(tmp_path / "other", 14), tmp_path / "b", Looking)
    with pytest.raises(RefusedError, match="not comparable: data_digest is") as refused:
        compare(a, b)
    assert f"{a} and {b}" in str(refused.value)
    with pytest.raises(CxdataError, match="no whole evaluation"):
        compare(a, tmp_path / "mix")
    old = json.loads((a / "summary.json").read_text())
    (a / "summary.json").write_text(json.dumps({key: one for key, one in old.items() if key != "form"}))
    with pytest.raises(CxdataError, match="another form: it does not tell form"):
        compare(a, b)


def test_the_command_prints_a_table_or_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = stage(tmp_path / "mix")
    a = evaluated(monkeypatch, data, tmp_path / "a", Denying)
    b = evaluated(monkeypatch, data, tmp_path / "b", Looking)
    words = ["compare", str(a), str(b), "--resamples", "100"]
    table = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "c.json")])
    assert table.exit_code == 0, table.output
    assert "disease_binary" in table.output
    assert "blank: lost" in table.output
    assert "12 rows of 3 patients" in table.output
    printed = CliRunner().invoke(app, [*words, "--json"])
    assert json.loads(printed.stdout) == json.loads((tmp_path / "c.json").read_text())
