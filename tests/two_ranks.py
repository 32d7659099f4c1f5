"""One of several processes that train together: leaves what its gate saw in `gate-RANK.json` beside the run.

Usage: torchrun --nproc_per_node 2 two_ranks.py DATA MODEL OUT CHANGE...
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from cxmind_train.config import recipe_for
from cxmind_train.engines.trl import GatedGRPOTrainer
from cxmind_train.train import Order, train

seen: list[dict[str, Any]] = []
decide = GatedGRPOTrainer._calculate_rewards


def watched(self: GatedGRPOTrainer, *args: Any) -> Any:
    rewards = decide(self, *args)
    seen.append({**self.gate.state(), "rewards": rewards.tolist()})
    return rewards


if __name__ == "__main__":
    data, model, out, *changes = sys.argv[1:]
    GatedGRPOTrainer._calculate_rewards = watched  # type: ignore[method-assign]
    recipe = recipe_for("stage1", "smoke", tuple(changes))
    train(Order("stage1", Path(data), model, Path(out), recipe, lambda _: None))
    Path(f"{out}-gate-{os.environ['RANK']}.json").write_text(json.dumps(seen))
