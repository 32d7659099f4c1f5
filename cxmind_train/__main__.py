"""`python -m cxmind_train`: what `accelerate launch -m` starts."""

from __future__ import annotations

from cxmind_train.cli import main

if __name__ == "__main__":
    main()
