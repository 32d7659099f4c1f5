"""YAML read by libyaml where PyYAML was built with it, about eight times faster, else by PyYAML itself."""

from __future__ import annotations

from typing import Any, Final

import yaml

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parsed(text: str) -> Any:
    """The plain values of a document. Raises yaml.YAMLError that names line and column."""
    return yaml.load(text, Loader=LOADER)  # noqa: S506 (both loaders are the safe ones)
