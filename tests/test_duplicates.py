"""The same picture encoded anew is found, pictures of others are not, and the stricter split keeps it."""

from __future__ import annotations

import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from cxdata.build.pictures import IMAGES
from cxdata.build.pool import Pool
from cxdata.images import perceptual
from cxdata.images.perceptual import BANDS, MIN_QUALITY, Fingerprint, fingerprint
from cxdata.mix.duplicates import DUPLICATE, MAX_DISTANCE, duplicates, looser, without
from cxdata.mix.fingerprints import BAND_COLUMNS, cache_folder, fingerprints
from cxdata.mix.patients import BuildPatients, Resolved, resolve
from cxdata.mix.splits import DROP_CODE, TORN
from cxdata.model.errors import CxdataError
from cxdata.model.manifest import SplitRule
from cxdata.sources.discovery import source

pytest.importorskip("pdqhash")
REAL = Path(os.environ.get("CXDATA_REAL_DATA", "../shared/real")) / "covid-chestxray/covid-chestxray-dataset/images"


def distance(one: Fingerprint, other: Fingerprint) -> int:
    assert one.bands is not None
    assert other.bands is not None
    return sum((a ^ b).bit_count() for a, b in zip(one.bands, other.bands, strict=True))


def saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def smaller(picture: Image.Image, side: int) -> Image.Image:
    small = picture.copy()
    small.thumbnail((side, side))
    return small


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "png": lambda film: saved(film, "PNG"),
    "jpeg of quality 25": lambda film: saved(film, "JPEG", quality=25),
    "colour": lambda film: saved(film.convert("RGB"), "JPEG", quality=75),
    "256 pixels": lambda film: saved(smaller(film, 256), "JPEG", quality=75),
    "128 pixels": lambda film: saved(smaller(film, 128), "PNG"),
    "square": lambda film: saved(film.resize((512, 512)), "PNG"),
    "16 bits": lambda film: saved(film.convert("I").point(lambda v: v * 16).convert("I;16"), "PNG"),
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One painted frontal film a patient."""
    from conftest import write_phantom

    nih = source("chestxray14")
    root = write_phantom(nih, tmp_path_factory.mktemp("films"), patients=40)
    by_patient = {path.name[:8]: path for path in sorted(root.rglob("*.png")) if (fingerprint(path).quality or 0) >= 50}
    return list(by_patient.values())


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_stays_within_the_distance(films: list[Path], copy: str) -> None:
    for film in films[:12]:
        assert distance(fingerprint(film), fingerprint(COPIES[copy](grey(film)))) <= MAX_DISTANCE


def grey(path: Path) -> Image.Image:
    with Image.open(path) as film:
        return film.convert("L")


def test_films_of_different_patients_are_further(films: list[Path]) -> None:
    looks = [fingerprint(film) for film in films]
    assert min(distance(a, b) for i, a in enumerate(looks) for b in looks[i + 1 :]) > MAX_DISTANCE


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real files of CXDATA_REAL_DATA")
def test_real_radiographs_and_their_copies() -> None:
    paths = sorted(REAL.iterdir())
    looks = [fingerprint(path) for path in paths]
    assert min(distance(a, b) for i, a in enumerate(looks) for b in looks[i + 1 :]) >= 8 * MAX_DISTANCE
    for make in COPIES.values():
        assert max(distance(look, fingerprint(make(grey(path)))) for path, look in zip(paths, looks, strict=True)) <= 8


def test_what_cannot_be_known_by_its_look(tmp_path: Path) -> None:
    assert fingerprint(b"no picture").bands is None
    assert fingerprint(tmp_path / "gone.png").bands is None
    black = fingerprint(saved(Image.new("L", (300, 300)), "PNG"))
    assert (black.quality or 0) < MIN_QUALITY


def test_missing_library_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pdqhash", None)
    with pytest.raises(CxdataError, match="pdqhash") as caught:
        perceptual.check_installed()
    assert caught.value.mend == "pip install 'cxdata[duplicates]'"


# Two builds: nih in files, other with stored pictures, of which one is nih's film encoded anew.


def image_rows(slug: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    full = [
        {**dict.fromkeys(IMAGES), "source": slug, "status": "ok", "image_id": f"{slug}:{row['patient']}",
         "patient_key": f"{slug}:{row['patient']}", **{k: v for k, v in row.items() if k != "patient"}}
        for row in rows
    ]  # fmt: skip
    return pl.DataFrame(full, schema=IMAGES)


@pytest.fixture
def two_builds(tmp_path: Path, films: list[Path]) -> Path:
    stored = [COPIES["256 pixels"](grey(films[1])), COPIES["png"](grey(films[5]))]
    tables = {
        "nih": image_rows("nih", [{"patient": str(i), "root_id": "data", "path": films[i].name} for i in range(4)]),
        "other": image_rows(
            "other",
            [
                {"patient": str(i), "bytes": b, "content_sha256": hashlib.sha256(b).hexdigest()}
                for i, b in enumerate(stored)
            ],
        ),
    }
    for slug, table in tables.items():
        (tmp_path / "cx" / slug / "images").mkdir(parents=True)
        table.write_parquet(tmp_path / "cx" / slug / "images" / "00000-of-00001.parquet")
    return tmp_path / "cx"


def looks_of(cx: Path, films: list[Path], workers: int = 1) -> pl.DataFrame:
    found = [
        fingerprints(cx / slug, {"data": films[0].parent}, cache_folder(cx), Pool(workers)) for slug in ("nih", "other")
    ]
    return pl.concat(found)


def split_as(nih: str, other: str) -> Resolved:
    schema = {"patient_key": pl.String, "split_official": pl.String}
    tables = {"nih": [(f"nih:{i}", nih) for i in range(4)], "other": [(f"other:{i}", other) for i in range(2)]}
    return resolve(
        [BuildPatients(slug, slug, pl.DataFrame(rows, schema=schema, orient="row"), SplitRule(words="made up"))
         for slug, rows in tables.items()], val_share=0.0,
    )  # fmt: skip


def test_a_film_encoded_anew_is_found_and_the_looser_one_goes(two_builds: Path, films: list[Path]) -> None:
    looks = looks_of(two_builds, films)
    found = duplicates(looks, split_as("train", "test"))
    (pair,) = found.pairs.iter_rows(named=True)
    assert (pair["image_id"], pair["other_image_id"]) == ("nih:1", "other:0")
    assert (pair["source"], pair["other_source"], pair["split"], pair["other_split"]) == (
        "nih",
        "other",
        "train",
        "test",
    )
    assert pair["distance"] <= MAX_DISTANCE
    assert not pair["same_person"]
    assert looser(found.pairs).to_list() == ["nih:1"]
    assert looser(duplicates(looks, split_as("test", "val")).pairs).to_list() == ["other:0"]
    assert looser(duplicates(looks, split_as("train", "train")).pairs).to_list() == []


def test_rows_that_show_it_are_marked(two_builds: Path, films: list[Path]) -> None:
    rows = pl.LazyFrame({
        "sample_id": ["a", "b", "c", "d"], "image_ids": [["nih:1"], ["nih:2", "nih:1"], ["nih:2"], []],
        DROP_CODE: [None, TORN, None, None],
    })  # fmt: skip
    gone = looser(duplicates(looks_of(two_builds, films), split_as("train", "test")).pairs)
    assert without(rows, gone).collect()[DROP_CODE].to_list() == [DUPLICATE, TORN, None, None]


def test_fingerprints_are_remembered_by_content(
    two_builds: Path, films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = looks_of(two_builds, films)
    kept = {path.name: path.read_bytes() for path in cache_folder(two_builds).iterdir()}
    assert not [path for path in two_builds.rglob("*") if "fingerprints" in path.name], "nothing below the builds"
    # A picture that were looked at again would now be a black one.
    black = fingerprint(saved(Image.new("L", (300, 300)), "PNG"))
    monkeypatch.setattr(perceptual, "fingerprint", lambda _: black)
    assert looks_of(two_builds, films).equals(first)
    assert {path.name: path.read_bytes() for path in cache_folder(two_builds).iterdir()} == kept
    changed = films[2].stat().st_mtime_ns + 10**9
    os.utime(films[2], ns=(changed, changed))
    assert looks_of(two_builds, films).filter(image_id="nih:2")["quality"].item() == black.quality


def test_workers_give_the_same(two_builds: Path, films: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    one = looks_of(two_builds, films)
    for path in cache_folder(two_builds).iterdir():
        path.unlink()
    monkeypatch.setattr("cxdata.mix.fingerprints.CHUNK", 1)
    assert looks_of(two_builds, films, workers=2).equals(one)


# Bands alone: every pair within the distance is found, whichever bits differ.


def painted(looks: Iterator[list[int]]) -> pl.DataFrame:
    rows = [(f"x:{i:06}", "x", f"x:{i:06}", *bands, 100) for i, bands in enumerate(looks)]
    schema = {"image_id": pl.String, "source": pl.String, "patient_key": pl.String}
    return pl.DataFrame(
        rows, schema={**schema, **dict.fromkeys(BAND_COLUMNS, pl.Int32), "quality": pl.Int32}, orient="row"
    )


def made_up(seed: str) -> list[int]:
    digest = hashlib.sha256(seed.encode()).digest() + hashlib.sha256(b"." + seed.encode()).digest()
    return [int.from_bytes(digest[4 * i : 4 * i + 4]) >> 4 for i in range(BANDS)]


def nobody(pictures: pl.DataFrame) -> Resolved:
    rows = pictures.select("patient_key", split_official=pl.lit("train"))
    return resolve([BuildPatients("x", "x", rows, SplitRule(words="made up"))], val_share=0.0)


def test_every_pair_within_eight_bits_is_found_and_none_beyond() -> None:
    def looks() -> Iterator[list[int]]:
        for i in range(300):
            base = made_up(f"base {i}")
            yield base
            flips = made_up(f"flips {i}")
            copy = list(base)
            for k in range(i % 12):
                copy[k % BANDS] ^= 1 << ((flips[k % BANDS] + 7 * (k // BANDS)) % 28)
            yield copy

    table = painted(looks())
    bands = table.select(BAND_COLUMNS).rows()
    want = {
        (i, j) for i in range(len(bands)) for j in range(i + 1, len(bands))
        if sum((a ^ b).bit_count() for a, b in zip(bands[i], bands[j], strict=True)) <= MAX_DISTANCE
    }  # fmt: skip
    found = duplicates(table, nobody(table))
    got = {(int(a[2:]), int(b[2:])) for a, b in found.pairs.select("image_id", "other_image_id").rows()}
    assert got == want
    assert found.crowded == 0
    assert len(want) == 225


def test_a_crowd_is_compared_with_neighbours_only_and_told() -> None:
    def looks() -> Iterator[list[int]]:
        for i in range(2000):
            yield [5, *made_up(f"crowd {i}")[1:]]
        yield from [made_up("same")] * 500

    table = painted(looks())
    found = duplicates(table, nobody(table))
    assert found.crowded == 2000
    assert found.pairs.height == 499, "pictures with one fingerprint are paired with the first, not all with all"


@pytest.mark.slow
@pytest.mark.parametrize("alike", [1, 2**16])
def test_cost_grows_with_pictures_not_with_pairs(alike: int) -> None:
    """Bands as of pictures that have little in common, and all bands crowded."""
    import time

    def seconds(n: int) -> float:
        wide = pl.DataFrame({"image_id": [f"x:{i}" for i in range(n)]}).with_columns(
            source=pl.lit("x"), patient_key="image_id", quality=pl.lit(100, pl.Int32)
        )
        bits = [
            (pl.col("image_id").hash(seed=i) % (2**28 // alike)).cast(pl.Int32).alias(name)
            for i, name in enumerate(BAND_COLUMNS)
        ]
        table = wide.with_columns(bits)
        resolved = nobody(table)
        start = time.perf_counter()
        duplicates(table, resolved)
        return time.perf_counter() - start

    seconds(1000)
    small, large = seconds(40_000 * 5), seconds(160_000 * 5)
    assert large < 8 * small + 2, "four times the pictures: sixteen times the pairs"
