"""The docs say what the code does: generated pages are fresh, links lead somewhere, every verb has help."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from regenerate_docs import DOCS, MADE, pages
from typer.testing import CliRunner

from cxdata import __version__
from cxdata.cli.app import app

ROOT = DOCS.parent
VERBS = [command.name for command in app.registered_commands if command.name]
TEXTS = (".py", ".md", ".yaml", ".json", ".toml", ".txt")
# A dicom id of MIMIC-CXR: five groups of eight hex digits. None may stand in the repository.
DICOM_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{8}){4}\b")


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_page_is_fresh(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == MADE + pages()[name], f"docs/{name} is stale: make docs"


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")]), ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_two_examples(verb: str) -> None:
    for flag in ("-h", "--help"):
        result = CliRunner().invoke(app, [verb, flag], prog_name="cxdata")
        assert result.exit_code == 0
        text = " ".join(result.output.split())
        assert text.count(f"cxdata {verb}") >= 3, "usage and two examples"
    assert f"cxdata {verb}" in (DOCS / "cli.md").read_text(encoding="utf-8")


def test_no_identifier_of_a_picture_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    texts = [ROOT / name for name in listed.stdout.splitlines() if name.endswith(TEXTS)]
    found = {path.name: DICOM_ID.findall(path.read_text(encoding="utf-8")) for path in texts if path.is_file()}
    assert not {name: ids for name, ids in found.items() if any(not _is_made_up(one) for one in ids)}


def _is_made_up(dicom: str) -> bool:
    """Each block is made of one or two characters, as `11112222`."""
    return all(len(set(block)) <= 2 for block in dicom.split("-"))


def test_version_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output.strip()) == (0, __version__)
