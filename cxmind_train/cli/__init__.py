"""The command `cxmind-train`: one file a verb."""

from cxmind_train.cli.app import app, main

__all__ = ["app", "main"]
