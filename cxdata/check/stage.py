"""`validate` of a stage folder: is it what its trainer reads, and does every row say what it may say?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from cxdata.build.builds import read_json
from cxdata.check import stage_pictures, stage_rules
from cxdata.check.gold import MESSAGES as GOLD
from cxdata.check.identity import SAMPLE_ID
from cxdata.check.problems import Problem, in_order, of_file
from cxdata.check.rule import broken
from cxdata.check.split_check import is_stage_folder
from cxdata.check.stage_gold import PLAIN, TRACED, gold_by_kind, gold_of
from cxdata.check.stage_notes import Tally
from cxdata.check.stage_pictures import Pictures
from cxdata.check.text_tokens import ESTIMATE, TextTokens
from cxdata.check.verdict import Verdict
from cxdata.export.formats import FORMATS, columns_of, pictures_type
from cxdata.export.recipes import PROMPT_TOKENS, beside
from cxdata.mix.folder import MIX_JSON
from cxdata.model.errors import UsageError
from cxdata.model.facets import SPLITS

RECIPE: Final = "recipe.yaml"
NOT_BALANCED: Final = "sft"
OVER_CHANCE: Final = 0.05
Z: Final = 1.96
SPLIT_WORDS: Final = r"(?:^|[-._ 0-9])(?:validation|valid|val|dev|testing|test|evaluation|eval)(?:[-._ 0-9]|$)"
"""Where a file's name holds one of these, `datasets` does not call its rows `train`, as EasyR1 asks."""


def is_stage(folder: Path) -> bool:
    """True for a folder that holds mix.json, or train, val or test, and is no build."""
    return (folder / MIX_JSON).is_file() or is_stage_folder(folder)


def validate_stage(
    folder: Path, form: str | None = None, *, deep: bool = False, tokens: TextTokens = ESTIMATE
) -> Verdict:
    """Check a stage folder for a format; without one, for the format that mix.json names.

    `deep` decodes every picture to its last pixel; `tokens` counts those of the text. Raises UsageError when neither
    names a format, or the name is none.
    """
    return _Stage(folder, _format(folder, form), tokens, deep=deep).run()


def lower_end(accuracy: float, n: int) -> float:
    """Lower end of the 95 % interval of a share of n rows (Wilson's score interval, which holds at 0 and 1 as well)."""
    if n < 1:
        return 0.0
    spread = Z * math.sqrt(accuracy * (1 - accuracy) / n + Z**2 / (4 * n**2))
    return (accuracy + Z**2 / (2 * n) - spread) / (1 + Z**2 / n)


def _format(folder: Path, asked: str | None) -> str:
    record = read_json(folder / MIX_JSON)
    named = asked or (record.get("format") if isinstance(record, dict) else None)
    if named in FORMATS:
        return str(named)
    what = f"no format is called {named!r}" if named else f"{MIX_JSON} names no format"
    raise UsageError(what, where=str(folder), mend=f"--for {'|'.join(FORMATS)}")


class _Stage:
    """One stage folder, checked a row group at a time."""

    def __init__(self, folder: Path, form: str, tokens: TextTokens, *, deep: bool) -> None:
        self.text_tokens = tokens
        self.folder = folder
        self.form = form
        self.pictures = Pictures(folder, form, deep=deep)
        self.problems: list[Problem] = []
        self.tally = Tally(tokens.how)
        self.record = read_json(folder / MIX_JSON)
        self.prompt = _mapping(_mapping(self.record).get("config")).get("prompt")
        self.last: int | None = None

    def run(self) -> Verdict:
        for split in SPLITS:
            for path in self._shards(split):
                self._check_shard(split, path)
        guessed = list(_guessed(_mapping(_mapping(self.record).get("text_only"))))
        # Instruction tuning takes what there is, unbalanced: there it is told and no fault.
        is_told = _mapping(self.record).get("stage") == NOT_BALANCED
        self.problems += [*self._files_beside(), *self._against_record(), *([] if is_told else guessed)]
        told = [f"{problem.column}: {problem.message}" for problem in guessed if is_told]
        if not self.tally.rows["train"]:
            self.problems.append(of_file("train", "no_rows", "the stage folder has no rows to train on"))
        return Verdict(self.tally.rows.total(), in_order(self.problems), (*self.tally.notes(), *told))

    def _shards(self, split: str) -> Iterator[Path]:
        """The Parquet files of a split in order; what else lies there is a problem (trainer-contract, fact 1)."""
        home = self.folder / split
        for path in sorted(home.iterdir()) if home.is_dir() else []:
            label = f"{split}/{path.name}"
            if path.suffix != ".parquet" or not path.is_file():
                self.problems.append(
                    of_file(label, "foreign_file", "a split's folder holds Parquet files, nothing else")
                )
                continue
            if pl.Series([path.stem]).str.contains(SPLIT_WORDS).item():
                what = "the name holds a split's name: loaders would not find the rows under `train`"
                self.problems.append(of_file(label, "file_name", what))
            yield path

    def _check_shard(self, split: str, path: Path) -> None:
        import pyarrow.parquet as pq

        label = f"{split}/{path.name}"
        try:
            with pq.ParquetFile(path) as file:
                if not self._has_columns(label, file.schema_arrow):
                    self.tally.rows[split] += file.metadata.num_rows
                    return
                for group in range(file.num_row_groups):
                    self._check_group(split, label, group, _frame(file.read_row_group(group)))
        except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
            what = f"the file cannot be read to its end ({type(error).__name__})"
            self.problems.append(of_file(label, "unreadable", what))

    def _has_columns(self, label: str, schema: Any) -> bool:
        """Whether all columns are there in their types, pictures stored or by path; else rows are not judged."""
        found = pl.DataFrame(schema.empty_table()).schema
        wanted = columns_of(self.form, embedded=found.get("images") == pictures_type(self.form, embedded=True))
        wrong = [
            of_file(label, *_wrong_column(name, kind, found.get(name)), name)
            for name, kind in wanted.items()
            if found.get(name) != kind
        ]
        self.problems += wrong
        return not wrong

    def _check_group(self, split: str, label: str, group: int, frame: pl.DataFrame) -> None:
        found = [(rule.column, rule.code, rule.message, rows) for rule, rows in broken(frame, stage_rules.rules(split))]
        code, message = stage_rules.DIFFERS
        found += [(name, code, message, rows) for name, rows in stage_rules.differing(frame, self.form).items()]
        found += [*self._pictures(split, frame), *self._gold(frame)]
        if split == "train":
            found += self._order(frame)
        self.tally.add(split, frame)
        self._note(label, group, frame, found)

    def _pictures(self, split: str, frame: pl.DataFrame) -> Iterator[tuple[str, str, str, list[int]]]:
        shown = list(self.pictures.shown(frame["images"]))
        for code, rows in stage_pictures.rows_of(shown).items():
            yield "images", code, stage_pictures.MESSAGES[code], rows
        tokens = self.text_tokens.of(frame) + stage_pictures.tokens_of(shown)
        self.tally.add_tokens(split, tokens)
        over = (tokens > PROMPT_TOKENS).fill_null(False).arg_true().to_list()
        limit = f"the prompt is over {PROMPT_TOKENS:,} tokens ({self.text_tokens.how})"
        yield "problem", "prompt_tokens", limit, over

    def _gold(self, frame: pl.DataFrame) -> Iterator[tuple[str, str, str, list[int]]]:
        scores = gold_by_kind(frame) if self.prompt == TRACED else gold_of(frame, is_plain=self.prompt == PLAIN)
        self.tally.add_gold(frame["reward"], scores)
        for code in scores["code"].drop_nulls().unique(maintain_order=True):
            yield "answer", code, GOLD[code], (scores["code"] == code).fill_null(False).arg_true().to_list()

    def _order(self, frame: pl.DataFrame) -> Iterator[tuple[str, str, str, list[int]]]:
        order = frame["curriculum_order"]
        before = order.shift(1, fill_value=self.last)
        late = (order < before).fill_null(False).arg_true().to_list()
        yield "curriculum_order", "order", "the row stands behind one of a later place", late
        self.last = order.drop_nulls()[-1] if order.drop_nulls().len() else self.last

    def _note(
        self, label: str, group: int, frame: pl.DataFrame, found: Iterable[tuple[str, str, str, list[int]]]
    ) -> None:
        good = frame["sample_id"].str.contains(SAMPLE_ID).fill_null(False)
        for column, code, message, rows in found:
            for row in rows:
                name = frame["sample_id"][row] if good[row] else None
                self.problems.append(Problem(label, group, row + 1, column, code, message, name))

    def _files_beside(self) -> Iterator[Problem]:
        for name in (MIX_JSON, RECIPE, *beside(self.form, ())):
            if not (self.folder / name).is_file():
                yield of_file(name, "missing", "the file that belongs beside the rows is not there")

    def _against_record(self) -> Iterator[Problem]:
        record = self.record
        if not isinstance(record, dict):
            if (self.folder / MIX_JSON).is_file():
                yield of_file(MIX_JSON, "unreadable", "the file holds no JSON object")
            return
        if record.get("format") != self.form:
            yield of_file(MIX_JSON, "format_differs", "the folder was written for another trainer", "format")
        said = _mapping(record.get("rows"))
        for split in SPLITS:
            if said.get(split, 0) != self.tally.rows[split]:
                told = f"says {said.get(split, 0)}, there are {self.tally.rows[split]}"
                yield of_file(MIX_JSON, "count", told, f"rows.{split}")


def _guessed(text_only: dict[str, Any]) -> Iterator[Problem]:
    """Tasks that are answered without looking (docs/blind-guess.md; 95 % interval above chance and five points)."""
    for task, told in sorted(text_only.items()):
        try:
            accuracy, chance, n = float(told["accuracy"]), float(told["chance"]), int(told["n"])
        except (TypeError, KeyError, ValueError):
            yield of_file(MIX_JSON, "text_only_unreadable", "accuracy, chance and n are not told", f"text_only.{task}")
            continue
        if lower_end(accuracy, n) > chance + OVER_CHANCE:
            what = f"text alone answers {accuracy:.1%} of {n:,} rows, chance {chance:.1%}: the picture is not needed"
            yield of_file(MIX_JSON, "text_only", what, f"text_only.{task}")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _wrong_column(name: str, wanted: pl.DataType, found: pl.DataType | None) -> tuple[str, str]:
    if found is None:
        return "column_missing", f"the format has a column {name}"
    return "column_type", f"is {found}, must be {wanted}"


def _frame(table: Any) -> pl.DataFrame:
    made = pl.from_arrow(table)
    return made if isinstance(made, pl.DataFrame) else made.to_frame()
