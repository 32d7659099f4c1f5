"""`check`: everything that would stop or spoil a run, told at once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import polars as pl

from cxdata.check.gold import MESSAGES, gold_scores
from cxdata.export.formats import MARK
from cxdata.images.tokens import Limits
from cxdata.model.errors import CxdataError, UsageError
from cxmind_train.config import Recipe, Verb
from cxmind_train.data.folder import stage_folder
from cxmind_train.data.prompts import MARKS_A_PICTURE, TEMPLATE_TOKENS, prompt_tokens
from cxmind_train.data.rows import Rows, chosen, read_rows
from cxmind_train.data.training import refuse_shuffled_curriculum
from cxmind_train.engines.arguments import cadence
from cxmind_train.preflight.memory import CARD_GIB, reckoned
from cxmind_train.requirements import missing, pip_line
from cxmind_train.rewards.rows import BY_TEXT, STAGE_OF_REWARD, score_row
from cxmind_train.train import packages

TOKEN_PIXELS: Final = 28 * 28
SHOWN: Final = 3


@dataclass
class Report:
    """What was found. `problems` stop a run; `notes` do not."""

    verb: str
    rows: int = 0
    used: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    prompt_tokens: dict[str, int] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    memory_gib: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    launch: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing stands against the run."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"ok": self.ok, **asdict(self)}


def check(data: Path, verb: Verb, recipe: Recipe) -> Report:
    """Look at a stage folder and a recipe together. Raises CxdataError for a folder that cannot be read at all."""
    rows = read_rows(stage_folder(data), "train")
    report = Report(verb, rows=len(rows))
    try:
        refuse_shuffled_curriculum(rows, recipe)
        rows = chosen(rows, recipe.data.filter, recipe.data.max_rows)
    except CxdataError as error:
        report.problems.append(_line(error))
        return report
    fits = _prompts(rows, recipe, report)
    report.used = len(fits)
    if verb != "sft":
        _golds(fits, report)
        _steps(fits, recipe, report)
        _memory(fits, recipe, report)
    _packages(recipe, report)
    report.launch = launch_line(verb, data, recipe)
    return report


def launch_line(verb: Verb, data: Path, recipe: Recipe) -> str:
    """The command that starts the run on the recipe's cards."""
    source = "--from runs/stage1" if verb == "stage2" else "--model MODEL"
    words = f"{verb} --data {data} {source} --out runs/{verb}"
    if recipe.device.cpu or recipe.device.sharding == "none":
        return f"cxmind-train {words}"
    config = Path(__file__).parents[1] / "accelerate" / f"{recipe.device.sharding}.yaml"
    return f"accelerate launch --config_file {config} --num_processes {recipe.device.gpus} -m cxmind_train {words}"


def _prompts(rows: Rows, recipe: Recipe, report: Report) -> Rows:
    """Lengths of the prompts; gives the rows that would be trained on."""
    shown = rows.take(rows.frame.filter(pl.col("problem").str.contains(MARK, literal=True)))
    if len(shown) < len(rows):
        report.notes.append(f"{len(rows) - len(shown):,} rows without a picture will be left out")
    limit, data = recipe.data.max_prompt_tokens, recipe.data
    try:
        tokens = prompt_tokens(shown, Limits(data.min_pixels, data.max_pixels))
    except CxdataError as error:
        report.problems.append(_line(error))
        return shown
    over = sum(one > limit for one in tokens)
    report.prompt_tokens = {"median": int(median(tokens or [0])), "longest": max(tokens, default=0), "limit": limit}
    if over:
        told = f"{over:,} of {len(shown):,} prompts are over {limit:,} tokens and will be left out: "
        told += _advice(shown, recipe)
        (report.problems if over == len(shown) else report.notes).append(told)
    _worst_case(shown, recipe, report)
    return shown.take(shown.frame.filter(pl.Series(tokens, dtype=pl.Int64) <= limit))


def _worst_case(rows: Rows, recipe: Recipe, report: Report) -> None:
    """The recipe's own arithmetic: a picture of `max_pixels` may alone be over the limit of the prompt."""
    data = recipe.data
    most = round(data.max_pixels / TOKEN_PIXELS)
    if most + MARKS_A_PICTURE + TEMPLATE_TOKENS > data.max_prompt_tokens:
        report.problems.append(
            f"data.max_pixels {data.max_pixels:,} means up to {most:,} tokens a picture, over the "
            f"{data.max_prompt_tokens:,} of a prompt: {_advice(rows, recipe)}"
        )


def _advice(rows: Rows, recipe: Recipe) -> str:
    """The largest `max_pixels` with which the prompt of the most pictures and words fits."""
    most = max((problem.count(MARK) for problem in rows.frame["problem"]), default=1)
    words = max((len(problem.encode()) // 3 for problem in rows.frame["problem"]), default=0)
    left = (recipe.data.max_prompt_tokens - words - TEMPLATE_TOKENS) // most - MARKS_A_PICTURE
    if left < 1:
        return f"raise data.max_prompt_tokens to {words + TEMPLATE_TOKENS + most * 1280:,}"
    return f"set data.max_pixels to {left * TOKEN_PIXELS:,} or less ({most} pictures a prompt)"


def _golds(rows: Rows, report: Report) -> None:
    """Every gold earns the maximum of its reward, and has one."""
    others = rows.frame.filter(~pl.col("reward").is_in([*STAGE_OF_REWARD, *BY_TEXT]))
    if others.height:
        kinds = ", ".join(sorted(set(others["reward"])))
        report.problems.append(f"{others.height:,} rows cannot be reinforced, their reward is {kinds}")
    for row in rows.frame.filter(pl.col("reward").is_in(list(BY_TEXT))).to_dicts():
        if score_row(row["answer"], row).total < 1:
            report.problems.append(f"a gold does not earn the maximum of {row['reward']} ({row['sample_id']})")
            break
    if not len(rows):
        return
    wrong = rows.frame.hstack(gold_scores(rows.frame).select("code")).filter(pl.col("code").is_not_null())
    for (code,), some in wrong.group_by("code", maintain_order=True):
        ids = ", ".join(some["sample_id"].head(SHOWN))
        report.problems.append(f"{some.height:,} golds do not earn the maximum: {MESSAGES[str(code)]} ({ids})")
    without = rows.frame.filter(pl.col("gold_kind") == "answer").height
    if without:
        report.notes.append(
            f"{without:,} of {len(rows):,} golds have no trace: think and process are not rewarded there"
        )


def _steps(rows: Rows, recipe: Recipe, report: Report) -> None:
    rollout = recipe.rollout
    try:
        cut = cadence(recipe, recipe.device.gpus)
    except UsageError as error:
        report.problems.append(_line(error))
        return
    generations = len(rows) // rollout.prompts
    if not generations:
        report.problems.append(f"{len(rows)} rows are fewer than the {rollout.prompts} prompts of a generation")
    skipped = len(rows) % rollout.prompts
    if skipped and generations:
        report.notes.append(f"{skipped} rows at the end of an epoch fill no generation and are skipped")
    updates = generations * cut.updates_a_generation * recipe.epochs
    report.steps = {
        "updates": recipe.max_steps or updates, "completions": _completions(recipe, recipe.max_steps or updates),
        "accumulation": cut.accumulation, "updates_a_generation": cut.updates_a_generation,
    }  # fmt: skip


def _completions(recipe: Recipe, updates: float) -> float:
    return updates * recipe.rollout.prompts_an_update * recipe.rollout.generations


def _memory(rows: Rows, recipe: Recipe, report: Report) -> None:
    if recipe.device.cpu:
        return
    pictures = max((problem.count(MARK) for problem in rows.frame["problem"]), default=1)
    memory = reckoned(recipe, pictures, report.prompt_tokens.get("longest", recipe.data.max_prompt_tokens))
    report.memory_gib = {**memory.parts, "together": round(memory.total, 1)}
    if memory.total > CARD_GIB:
        report.notes.append(
            f"about {memory.total:.0f} GiB a card for a model of 7 B, over the {CARD_GIB} of a large one: more cards, "
            "lora, a smaller data.max_pixels, rollout.per_device or vllm.memory_share (vllm.sleep gives its part back)"
        )


def _packages(recipe: Recipe, report: Report) -> None:
    wanted = packages(recipe)
    if not recipe.device.cpu:
        wanted += ["torchvision"]
    if recipe.device.sharding == "zero3" and not recipe.device.cpu:
        wanted += ["deepspeed"]
    report.missing = missing(*wanted)
    if report.missing:
        told = pip_line(report.missing).replace("\n", "  ")
        report.problems.append(f"not installed here: {', '.join(report.missing)}; {told}")


def _line(error: CxdataError) -> str:
    return "; ".join(part for part in (error.what, error.mend) if part)
