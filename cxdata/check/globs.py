"""The manifest's globs as regular expressions, so that a hundred thousand names are matched in one expression."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_SIGNS = {"*": "[^/]*", "?": "[^/]"}


def glob_regex(glob: str) -> str:
    """The regular expression, without anchors, of a glob whose wildcards never cross a `/`."""
    return "/".join(_piece(piece) for piece in PurePosixPath(glob).parts)


def _piece(piece: str) -> str:
    tokens = re.findall(r"\[[^\]]+\]|.", piece)
    return "".join(token if len(token) > 1 else _SIGNS.get(token, re.escape(token)) for token in tokens)
