"""How often the choice questions of builds are guessed right by one who never sees a picture.

    python benchmarks/blind.py cx/openi cx/chestxray14

The guesser knows what is asked: the finding of a Yes or No, else the set of options, in whatever order. It learns the
commonest answer to each on the train rows of half of the patients, and answers the train rows of the other half; where
it has learnt nothing it takes the commonest answer of the task. Raw builds, before any mix: what a mix has to balance.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from cxdata.model.hashing import bucket_expr

CHOICES = ("binary", "single_choice", "multi_choice")
LEAST_ROWS = 40  # of each half: a share of fewer says little


def choice_rows(build: Path) -> pl.DataFrame:
    """The choice questions of train: task, part (sets or ordinary rows), what is asked, answer, chance, half."""
    asked = pl.coalesce("asked_finding", pl.col("options").list.sort().list.join("\n"))
    options = pl.col("options").list.len()
    multi = 1 / (2.0 ** options.cast(pl.Float64) - 1)
    return (
        pl.scan_parquet(build / "samples/*.parquet")
        .filter(pl.col("answer_type").is_in(CHOICES), pl.col("split") == "train")
        .select(
            "task", asked=asked, answer="answer", half=bucket_expr(pl.col("patient_key"), 2),
            part=pl.when(pl.col("set_id").is_null()).then(pl.lit("ordinary")).otherwise(pl.lit("sets")),
            chance=pl.when(pl.col("answer_type") == "multi_choice").then(multi).otherwise(1 / options),
        )
        .collect()
    )  # fmt: skip


def guessed(rows: pl.DataFrame) -> tuple[float, float]:
    """Shares of right answers: the commonest answer of the task, and the commonest for what is asked."""
    learnt, judged = (rows.filter(pl.col("half") == half) for half in (0, 1))
    common = commonest(learnt).item()
    by_asked = learnt.group_by("asked").agg(guess=commonest_expr())
    told = judged.join(by_asked, on="asked", how="left").with_columns(pl.col("guess").fill_null(common))
    return (judged["answer"] == common).mean(), (told["answer"] == told["guess"]).mean()


def commonest_expr() -> pl.Expr:
    """The answer that most rows have, the first by the alphabet of several."""
    return pl.col("answer").mode().sort().first()


def commonest(rows: pl.DataFrame) -> pl.DataFrame:
    """The same of a frame."""
    return rows.select(commonest_expr())


def main() -> None:
    """Print one line of a Markdown table for each source, task and part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("builds", nargs="+", type=Path)
    print("| source | task | rows | of train | chance | commonest answer | by what is asked |")
    print("|---|---|---|---:|---:|---:|---:|")
    for build in parser.parse_args().builds:
        rows = choice_rows(build)
        for (task, part), some in sorted(rows.partition_by("task", "part", as_dict=True).items()):
            if min(some["half"].value_counts()["count"], default=0) < LEAST_ROWS:
                continue
            common, asked = guessed(some)
            shares = " | ".join(f"{share:.3f}" for share in (some["chance"].mean(), common, asked))
            print(f"| {build.name} | {task} | {part} | {some.height:,} | {shares} |")


if __name__ == "__main__":
    main()
