"""All benchmarks, one after the other, each in a process of its own: `make bench`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    "reports.py", "tasks.py", "pictures.py", "embed.py", "rewards.py", "mix.py", "sources.py", "reader.py", "traces.py",
)  # fmt: skip


def main() -> None:
    """Run each benchmark; a failing one ends the run."""
    for name in BENCHMARKS:
        subprocess.run([sys.executable, str(Path(__file__).with_name(name)), *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()
