"""`eval`: a model over the whole of a split, under every view; interrupted, it goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from cxdata.model.errors import RefusedError, UsageError
from cxmind_train.config import Filter
from cxmind_train.data.folder import Split, StageFolder, stage_folder
from cxmind_train.data.options import options_of, rotated
from cxmind_train.data.rows import Rows, chosen, read_rows
from cxmind_train.evaluate.bertscore import with_bertscore
from cxmind_train.evaluate.generate import Asked, Backend, Settings, Transformers, Vllm, quiet
from cxmind_train.evaluate.judge import judge
from cxmind_train.evaluate.metrics import summary
from cxmind_train.evaluate.page import page
from cxmind_train.evaluate.scored import FORM, META, SCHEMA, SHOWN, begun, scored, yes_and_no
from cxmind_train.evaluate.views import VIEWS, asked, shuffled_rows
from cxmind_train.files import write_json, write_text
from cxmind_train.models.named import RUN_JSON, is_run, model_path
from cxmind_train.requirements import EVALUATING, need, versions

PARTS: Final = "parts"
BOUND: Final = "eval.json"
ROWS_A_PART: Final = 256
MOST_TURNS: Final = 7
EVERY_ROW: Final = Filter()


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate, on what, and how."""

    data: Path
    model: str
    out: Path
    say: Callable[[str], None]
    stage: Literal["closed", "open", "sft"] | None = None
    split: Split = "test"
    filter: Filter | tuple[Filter, ...] = EVERY_ROW
    max_tokens: int | None = None
    batch: int | None = None
    backend: Literal["transformers", "vllm"] = "transformers"
    views: tuple[str, ...] = VIEWS
    rotate: bool = False
    pixels: tuple[int, int] | None = None
    threads: int | None = None
    tensor_parallel: int = 1
    seed: int = 0
    resamples: int = 2000
    judge: tuple[str, str] | None = None  # endpoint and model
    bertscore: tuple[str, int | None] | None = None  # model and layer


def evaluate(wanted: Evaluation) -> dict[str, Any]:
    """Evaluate; returns what `summary.json` holds.

    Raises CxdataError for what is missing, UsageError for a stage the folder is not of, RefusedError for a folder that
    holds another evaluation.
    """
    need(*EVALUATING, *(["vllm"] if wanted.backend == "vllm" else []), "numpy")
    quiet()
    folder = stage_folder(wanted.data)
    stage = _stage(folder, wanted.stage)
    rows = chosen(read_rows(folder, wanted.split), wanted.filter)
    told = _of_run(wanted.model)
    record = _record(wanted, folder, told)
    _bind(wanted.out, record)
    predictions = _predictions(wanted, rows, record, told)
    predictions, alike = with_bertscore(predictions, wanted.bertscore, wanted.say)
    made = summary(predictions, _gold(rows, predictions), stage, wanted.seed, wanted.resamples) | alike
    predictions, judged = _judged(predictions, wanted)
    made |= judged
    made = {**record, "stage": stage, "rows": len(rows), "text_guess": folder.record.get("text_only"), **made}
    _write(wanted, rows, predictions, made)
    return made


def _predictions(wanted: Evaluation, rows: Rows, record: dict[str, Any], told: dict[str, Any]) -> pl.DataFrame:
    """All views, a part of the rows at a time; parts that lie there are not asked again."""
    parts = [
        (view, start) for view in _views(wanted, rows) for start in range(0, len(rows), ROWS_A_PART)
    ]  # fmt: skip
    left = [one for one in parts if not _part(wanted.out, *one).is_file()]
    if left:
        if len(left) < len(parts):
            wanted.say(f"goes on: {len(parts) - len(left):,} of {len(parts):,} parts are there")
        backend = _backend(wanted, record)
        others = shuffled_rows(rows, wanted.seed)
        for number, (view, start) in enumerate(left, start=1):
            frame = pl.DataFrame(list(_answered(backend, rows, view, start, others)), schema=SCHEMA)
            _write_part(_part(wanted.out, view, start), frame)
            wanted.say(f"eval: {view} {min(start + ROWS_A_PART, len(rows)):,}/{len(rows):,}  part {number}/{len(left)}")
    made = pl.concat([pl.read_parquet(_part(wanted.out, *one), glob=False) for one in parts])
    frame = rows.frame.rename({"view": SHOWN})
    meta = frame.select("sample_id", *META, patient_key=pl.col("patient_keys").list.first())
    return made.join(meta, on="sample_id", how="left", maintain_order="left")


def _judged(predictions: pl.DataFrame, wanted: Evaluation) -> tuple[pl.DataFrame, dict[str, Any]]:
    """A column `judge` for the answers in words as they are, where a judge is named."""
    told = predictions.filter((pl.col("view") == "sighted") & (pl.col("reward") == "free_text"))
    if wanted.judge is None or told.is_empty():
        return predictions, {}
    made = judge(list(zip(told["said"].fill_null(""), told["gold"], strict=True)), *wanted.judge)
    scores = told.select("view", "sample_id").with_columns(judge=pl.Series(made.scores, dtype=pl.Float64))
    numbers = [score for score in made.scores if score is not None]
    mean = sum(numbers) / len(numbers) if numbers else None
    summary = {"model": wanted.judge[1], "mean": mean, "n": len(numbers), "without_number": told.height - len(numbers)}
    joined = predictions.join(scores, on=["view", "sample_id"], how="left", maintain_order="left")
    return joined, {"judge": summary}


def _answered(backend: Backend, rows: Rows, view: str, start: int, others: Sequence[int]) -> Iterator[dict[str, Any]]:
    places = range(start, min(start + ROWS_A_PART, len(rows)))
    told = rows.frame.slice(start, len(places)).to_dicts()
    turn = int(view.removeprefix("rotated_")) if view.startswith("rotated_") else 0
    if turn:
        told = [_turned(row, turn) for row in told]
    shown = [
        Asked(row["problem"], rows.pictures(place)) if turn else asked(rows, place, view, others)  # type: ignore[arg-type]
        for row, place in zip(told, places, strict=True)
    ]
    said = backend.answers(shown)
    chances = _p_yes(backend, shown, said)
    for row, completion, chance in zip(told, said, chances, strict=True):
        yield scored(completion, row, view, chance)


def _p_yes(backend: Backend, shown: Sequence[Asked], said: Sequence[str]) -> list[float | None]:
    """P(Yes) among Yes and No where a completion closes, by the letters of each prompt."""
    found: list[float | None] = [None] * len(shown)
    by_letters: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(shown):
        letters = yes_and_no(one.problem)
        if letters is not None:
            by_letters.setdefault(letters, []).append(place)
    for letters, places in by_letters.items():
        prefixes = [begun(said[place]) for place in places]
        chances = backend.chances([shown[place] for place in places], prefixes, letters)
        for place, (yes, _) in zip(places, chances, strict=True):
            found[place] = yes
    return found


def _turned(row: dict[str, Any], turn: int) -> dict[str, Any]:
    """The row with its options moved; its gold is then the answer alone."""
    from cxdata.answers.blocks import parse

    letters = parse(row["answer"]).final or ""
    problem, moved = rotated(row["problem"], letters, turn)
    if problem == row["problem"]:
        return row
    return {**row, "problem": problem, "answer": f"<answer>{moved}</answer>", "gold_basis": None}


def _views(wanted: Evaluation, rows: Rows) -> list[str]:
    views = ["sighted", *(view for view in wanted.views if view != "sighted")]
    if wanted.rotate:
        most = max((len(found.names) for one in rows.frame["problem"] if (found := options_of(one))), default=1)
        views += [f"rotated_{turn}" for turn in range(1, min(most, MOST_TURNS))]
    return views


def _gold(rows: Rows, predictions: pl.DataFrame) -> pl.DataFrame:
    options = predictions.filter(pl.col("view") == "sighted").select("sample_id", "gold_option")
    return rows.frame.join(options, on="sample_id", how="left", maintain_order="left")


def _backend(wanted: Evaluation, record: dict[str, Any]) -> Backend:
    from cxmind_train.models.processors import load_processor

    model = model_path(wanted.model)
    processor = load_processor(model, tuple(record["pixels"]))
    settings = Settings(record["max_tokens"], batch=wanted.batch or 16, seed=wanted.seed)
    if wanted.backend == "vllm":
        return Vllm(model, processor, settings, wanted.tensor_parallel)
    return Transformers(model, processor, settings, wanted.threads or record["threads"])


def _of_run(model: str) -> dict[str, Any]:
    """The recipe that a run was trained with; empty for any other model."""
    path = Path(model)
    for home in (path, path.parent):
        if is_run(home):
            told: dict[str, Any] = json.loads((home / RUN_JSON).read_text("utf-8"))["recipe"]
            return told
    return {}


def _record(wanted: Evaluation, folder: StageFolder, told: dict[str, Any]) -> dict[str, Any]:
    """What an evaluation is bound to: with another of these, its parts are another's."""
    data, rollout = told.get("data", {}), told.get("rollout", {})
    pixels = wanted.pixels or (data.get("min_pixels", 262_144), data.get("max_pixels", 1_003_520))
    filters = wanted.filter if isinstance(wanted.filter, tuple) else (wanted.filter,)
    return {
        "model": wanted.model, "data": str(wanted.data), "data_digest": folder.digest((wanted.split,)),
        "split": wanted.split, "filter": [one.model_dump(mode="json", exclude_none=True) for one in filters],
        "max_tokens": wanted.max_tokens or rollout.get("max_tokens", 4096), "pixels": list(pixels),
        "threads": told.get("device", {}).get("threads"), "backend": wanted.backend, "seed": wanted.seed,
        "form": FORM, "versions": versions(),
    }  # fmt: skip


def _bind(out: Path, record: dict[str, Any]) -> None:
    path = out / BOUND
    if path.is_file():
        before = json.loads(path.read_text("utf-8"))
        changed = [key for key in record if before.get(key) != record[key]]
        if changed:
            what = f"the folder holds another evaluation; other there: {', '.join(changed)}"
            raise RefusedError(what, where=str(out), mend="choose another --out")
        return
    if out.is_dir() and any(out.iterdir()):
        raise RefusedError("the folder holds something else", where=str(out), mend="choose another --out")
    write_json(path, record)


def _stage(folder: StageFolder, wanted: str | None) -> str:
    if (wanted or folder.stage) != folder.stage:
        raise UsageError(
            f"the stage folder is one of {folder.stage}", where=str(folder.home), mend=f"--stage {folder.stage}"
        )
    return folder.stage


def _write(wanted: Evaluation, rows: Rows, predictions: pl.DataFrame, made: dict[str, Any]) -> None:
    _write_part(wanted.out / "predictions.parquet", predictions)
    write_json(wanted.out / "summary.json", made)
    write_text(wanted.out / "index.html", page(rows, predictions, made))


def _part(out: Path, view: str, start: int) -> Path:
    return out / PARTS / f"{view}-{start:08d}.parquet"


def _write_part(path: Path, frame: pl.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{path.name}")
    frame.rechunk().write_parquet(temporary)
    temporary.replace(path)
