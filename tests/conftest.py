from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxdata.build.config import BuildConfig, PicturesConfig
from cxdata.build.progress import Silent
from cxdata.build.run import Request, build
from cxdata.model.manifest import Layout
from cxdata.sources.base import PhantomSpec, Source
from cxdata.sources.discovery import sources
from cxdata.sources.roots import locate

PATIENTS = 24
GOLDEN = Path(__file__).parent / "golden" / "digests.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the digests of this run into tests/golden")


class Golden:
    """Digests by name and version: a digest may change with its version, never without."""

    def __init__(self, *, update: bool) -> None:
        self._update = update

    def check(self, name: str, version: int, digest: str) -> None:
        known = json.loads(GOLDEN.read_text()) if GOLDEN.is_file() else {}
        key = f"{name} v{version}"
        if self._update:
            GOLDEN.write_text(json.dumps({**known, key: digest}, indent=1, sort_keys=True) + "\n")
            return
        assert key in known, f"{key} has no golden digest: pytest --update-golden"
        assert known[key] == digest, f"{name} gives something else than before: raise its VERSION, then --update-golden"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(update=request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def phantom_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Source], Path]:
    """The phantom of a source in its first layout, 24 patients, written once and to be left as it is."""
    written: dict[str, Path] = {}

    def write(source: Source) -> Path:
        if source.slug not in written:
            written[source.slug] = write_phantom(source, tmp_path_factory.mktemp(source.slug))
        return written[source.slug]

    return write


def write_phantom(source: Source, out: Path, patients: int = PATIENTS, layout: Layout | None = None) -> Path:
    source.phantom.write(PhantomSpec(out, layout or source.manifest.layouts[0], patients, seed=0))
    return out


def build_source(source: Source, root: Path, home: Path, **wanted: Any) -> dict[str, Any]:
    """Build in this process; `wanted` are fields of the config, or images, max_side, …, workers, partial."""
    request = {"workers": 1, "partial": False}
    request.update({key: wanted.pop(key) for key in list(wanted) if key in request})
    pictures = {key: wanted.pop(key) for key in list(wanted) if key in PicturesConfig.model_fields}
    images = PicturesConfig(mode=wanted.pop("images", "none"), **pictures)
    options = source.manifest.settings(wanted.pop("options", {}))
    found = locate(source.manifest, [root])
    assert found is not None
    config = BuildConfig(source=source.slug, options=options, **wanted)
    return build(Request(source, found, config, home, images, progress=Silent(), **request))  # type: ignore[arg-type]


@pytest.fixture(params=list(sources()))
def source(request: pytest.FixtureRequest) -> Source:
    return sources()[request.param]


@pytest.fixture
def mimic() -> Source:
    return sources()["mimic"]
