from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxdata.build.config import BuildConfig, PicturesConfig
from cxdata.build.parents import ParentFacets, parents_of
from cxdata.build.pool import Pool
from cxdata.build.progress import Silent
from cxdata.build.run import Request, build
from cxdata.model.manifest import Layout
from cxdata.sources.base import PhantomSpec, Source
from cxdata.sources.discovery import sources
from cxdata.sources.roots import locate

PATIENTS = 24
OUTSIDE = Path(__file__).parent / "outside_sources"
KNOWN = sources([OUTSIDE])
"""The package's sources, and some of which each shows what none of these does."""
GOLDEN = Path(__file__).parent / "golden" / "digests.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the digests of this run into tests/golden")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The chain that trains a model first: it takes minutes, in which the others run beside it."""
    items.sort(key=lambda item: item.path.name != "test_train_smoke.py")


class Golden:
    """Digests by name and version: a digest may change with its version, never without."""

    def __init__(self, *, update: bool) -> None:
        self._update = update

    def check(self, name: str, version: int, digest: str) -> None:
        key = f"{name} v{version}"
        if self._update:
            self._write(key, digest)
            return
        known = json.loads(GOLDEN.read_text())
        assert key in known, f"{key} has no golden digest: pytest --update-golden"
        assert known[key] == digest, f"{name} gives something else than before: raise its VERSION, then --update-golden"

    def _write(self, key: str, digest: str) -> None:
        with GOLDEN.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # tests may run in several processes
            known = json.load(file)
            file.seek(0)
            file.truncate()
            file.write(json.dumps({**known, key: digest}, indent=1, sort_keys=True) + "\n")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(update=request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def phantom_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The phantom of a source in a layout (by default its first), 24 patients, written once and to be left as it is."""
    written: dict[str, Path] = {}

    def write(source: Source, layout: Layout | None = None) -> Path:
        layout = layout or source.manifest.layouts[0]
        name = f"{source.slug}-{layout.name}"
        if name not in written:
            written[name] = write_phantom(source, tmp_path_factory.mktemp(name), layout=layout)
        return written[name]

    return write


def write_phantom(source: Source, out: Path, patients: int = PATIENTS, layout: Layout | None = None) -> Path:
    """Write the phantom into `out`; where the source stands on others, into `out/<slug>`, beside theirs."""
    requires = source.manifest.requires
    for slug in requires:
        write_phantom(KNOWN[slug], out / slug, patients)
    target = out / source.slug if requires else out
    parents = ParentFacets(lambda: parents_of(source, KNOWN, lambda parent: [out / parent.slug]), Pool(1).run)
    source.phantom.write(PhantomSpec(target, layout or source.manifest.layouts[0], patients, 0, parents))
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
    parents = parents_of(source, KNOWN, lambda _: [root])
    return build(Request(source, found, config, home, images, progress=Silent(), parents=parents, **request))  # type: ignore[arg-type]


@pytest.fixture(params=list(KNOWN))
def source(request: pytest.FixtureRequest) -> Source:
    return KNOWN[request.param]


@pytest.fixture(
    params=[(one.slug, layout.name) for one in KNOWN.values() for layout in one.manifest.layouts], ids="-".join
)
def layout(request: pytest.FixtureRequest) -> tuple[Source, Layout]:
    """A source and one of its layouts, each in turn."""
    slug, name = request.param
    return KNOWN[slug], next(layout for layout in KNOWN[slug].manifest.layouts if layout.name == name)


@pytest.fixture
def mimic() -> Source:
    return sources()["mimic"]
