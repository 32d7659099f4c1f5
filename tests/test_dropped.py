"""Every code of a row that a mix leaves out has words."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import cxdata.mix
from cxdata.build.pictures import UNCHECKED
from cxdata.images.codes import MESSAGES
from cxdata.mix import balance, dropped, limits, pool, splits
from cxdata.mix.dropped import BACK, WORDS, in_words, table_markdown


def test_every_code_of_a_module_has_words() -> None:
    modules = [importlib.import_module(f"cxdata.mix.{each.name}") for each in pkgutil.iter_modules(cxdata.mix.__path__)]
    told = {code for module in modules for code in getattr(module, "DROPS", {})}
    assert {*pool.DROPS, *splits.DROPS, *balance.DROPS, *limits.DROPS} <= told <= set(WORDS)
    assert set(BACK) <= set(WORDS)


def test_every_status_of_a_picture_has_words() -> None:
    assert {f"picture_{status}" for status in (*MESSAGES, UNCHECKED, "missing", "dicom_not_stored")} <= set(WORDS)


def literals() -> Iterator[str]:
    """Codes that stand in calls of `keep` in the modules of `cxdata.mix`."""
    for path in sorted(Path(dropped.__file__).parent.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "keep":
                for part in ast.walk(call):
                    if isinstance(part, ast.Call) and getattr(part.func, "attr", "") == "lit":
                        yield from (arg.value for arg in part.args if isinstance(arg, ast.Constant))


def test_every_code_in_the_code_has_words() -> None:
    found = {code for code in literals() if isinstance(code, str)}
    assert {"set_torn", "over_cap", "finding_too_few"} <= found
    assert found - {"picture_"} <= set(WORDS)


def test_words_are_sentences_of_their_own() -> None:
    assert all(drop.means and drop.back and "|" not in drop.means + drop.back for drop in WORDS.values())
    assert table_markdown().count("\n") == len(WORDS) + 2
    assert list(in_words({"over_cap": 7})) == [("over_cap", 7, *WORDS["over_cap"])]
    with pytest.raises(KeyError):
        list(in_words({"no_such_code": 1}))
