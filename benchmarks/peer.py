"""The peer: the same questions built the usual way, a plain loop over pandas rows, from the same made-up tables.

    python benchmarks/peer.py ROOT

Reads the tables below ROOT (as `mimic_size.write_tables` writes them), builds the rows of the disease and view tasks in
a list of dicts with the same rules for what may be asked (stated labels; relatives left out), and writes one Parquet
file. Prints rows and seconds. It is here so that a ratio can be had in one run on one machine.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from cxdata.model.vocabulary import vocabulary
from cxdata.tasks.wordings import wordings

JPG = "physionet.org/files/mimic-cxr-jpg/2.1.0"


def chosen(key: str, purpose: str, items: list[str], n: int) -> list[str]:
    """The n items that come first by a hash of the key."""
    return sorted(items, key=lambda item: hashlib.blake2b(f"{key}{purpose}{item}".encode()).digest())[:n]


def unrelated(names: list[str], taken: list[str], n: int) -> list[str]:
    """Up to n names, none related to another or to those taken."""
    kept: list[str] = []
    for name in names:
        if len(kept) < n and not any(vocabulary().related(name, other) for other in (*taken, *kept)):
            kept.append(name)
    return kept


def questions(study: dict[str, Any], findings: list[str]) -> list[dict[str, Any]]:
    """The rows of one labelled study."""
    key = f"s{study['study_id']}"
    present = [name for name in findings if study[name] == 1]
    absent = [name for name in findings if study[name] == 0]
    open_ones = present + [name for name in findings if study[name] == -1]
    denied = [name for name in absent if not any(vocabulary().related(name, other) for other in open_ones)]
    texts = [wording.one for wording in wordings("disease_binary").of("visible")]
    rows = [row(key, "disease_binary", chosen(key + name, "w", texts, 1)[0].format(finding=name), ["Yes", "No"], name)
            for name in present + denied]  # fmt: skip
    for name in present:
        wrong = unrelated(chosen(key + name, "d", denied, len(denied)), [name], 3)
        if len(wrong) == 3:
            options = chosen(key + name, "o", [name, *wrong], 4)
            rows.append(row(key, "disease_single_choice", "Which one of these is seen?", options, name))
    if present and denied:
        options = chosen(key, "m", present + unrelated(denied, present, 4), 7)
        rows.append(row(key, "disease_multi_choice", "Which of these are seen?", options, ", ".join(present)))
        rows.append(row(key, "disease_open", "What is seen?", [], ", ".join(present)))
    return rows


def row(key: str, task: str, question: str, options: list[str], answer: str) -> dict[str, Any]:
    """One sample, with about as many columns of its own as ours."""
    return {"sample_id": f"mimic/{task}/{key}:{answer}", "source": "mimic", "task": task, "question": question,
            "options": options, "answer": answer, "study_key": f"mimic:{key}", "licence": "credentialed"}  # fmt: skip


def main() -> None:
    """Build, write, tell."""
    root = Path(sys.argv[1])
    start = time.perf_counter()
    labels = pd.read_csv(root / JPG / "mimic-cxr-2.0.0-chexpert.csv.gz")
    images = pd.read_csv(root / JPG / "mimic-cxr-2.0.0-metadata.csv.gz", dtype=str)
    findings = [name for name in labels.columns if name not in ("subject_id", "study_id", "No Finding")]
    frontal = set(images[images["ViewPosition"].isin(["PA", "AP"])]["study_id"])
    studies = (study.to_dict() for _, study in labels.iterrows() if str(int(study["study_id"])) in frontal)
    rows = list(itertools.chain.from_iterable(questions(study, findings) for study in studies))
    rows += [row(image["dicom_id"], "view_classification", "Which view is this?", ["PA", "AP", "LATERAL"],
                 image["ViewPosition"]) for _, image in images.iterrows()]  # fmt: skip
    pd.DataFrame(rows).to_parquet(root / "peer.parquet")
    print(f"{len(rows)} {time.perf_counter() - start:.3f}")


if __name__ == "__main__":
    main()
