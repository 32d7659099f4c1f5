"""The reward of a row of a stage folder: which one its column `reward` names, and what of the row it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cxdata.answers.gold import Stage
from cxdata.model.errors import CxdataError
from cxmind_train.rewards import Mode, Scores, Weights, score
from cxmind_train.rewards.settings import DEFAULT

STAGE_OF_REWARD: Final[dict[str, Stage]] = {"closed": "closed", "open_labels": "open"}


def score_row(completion: str, row: Mapping[str, Any], mode: Mode = "fixed", weights: Weights = DEFAULT) -> Scores:
    """Score a completion of a row with `answer`, `reward`, `scored_labels`, `ignored_labels` and, where there, its
    `gold_basis`. Raises CxdataError for a reward that is none and a gold that cannot be read.
    """  # noqa: D205 - one sentence
    stage = STAGE_OF_REWARD.get(str(row["reward"]))
    if stage is None:
        raise CxdataError(
            f"rows with the reward {row['reward']!r} cannot be reinforced", where=str(row.get("sample_id")),
            mend="mix --stage closed or open; or leave them out: --set data.filter.tasks=[...]",
        )  # fmt: skip
    return score(
        completion, str(row["answer"]), stage, mode, scored_labels=row["scored_labels"] or (),
        ignored_labels=row["ignored_labels"] or (), basis=row.get("gold_basis") or (), weights=weights,
    )  # fmt: skip
