"""Builds that store their pictures: parts cut by bytes, archives read once, the same bytes however they come to be."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from conftest import build_source, write_phantom
from mimic_trees import Cli, cli_in, copy_of
from PIL import Image
from test_build import shas, stamps, told

from cxdata.build import embed, space, spool
from cxdata.build.embed import Queue
from cxdata.build.space import Room
from cxdata.check.facts import facts
from cxdata.check.validate import validate
from cxdata.images.archives import BrokenArchiveError, members
from cxdata.images.store import Stored
from cxdata.model.errors import CxdataError
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources

SIDE = 96
FEW = 10
NIH = sources()["chestxray14"]


def stored(source: Source, root: Path, home: Path, **wanted: Any) -> dict[str, Any]:
    return build_source(source, root, home, **{"images": "embed", "max_side": SIDE, **wanted})


def images(home: Path) -> pl.DataFrame:
    return pl.read_parquet(home / "images" / "*.parquet").sort("image_id")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part holds a few pictures, in row groups of two or three."""
    monkeypatch.setattr(embed, "PART_BYTES", 40_000)
    monkeypatch.setattr(embed, "GROUP_BYTES", 9_000)


@pytest.fixture(scope="module")
def built(phantom_of: Callable[[Source], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mimic phantom with its pictures, in parts of a few; to be left as it is."""
    home = tmp_path_factory.mktemp("built") / "mimic"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embed, "PART_BYTES", 40_000)
        patch.setattr(embed, "GROUP_BYTES", 9_000)
        stored(sources()["mimic"], phantom_of(sources()["mimic"]), home)
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    return copy_of(built, tmp_path / "cx" / "mimic")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    yield from cli_in(tmp_path, monkeypatch, capsys)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ChestX-ray14 in its twelve archives."""
    layout = next(layout for layout in NIH.manifest.layouts if layout.name == "box")
    return write_phantom(NIH, tmp_path_factory.mktemp("box"), FEW, layout)


# --- what is stored ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", sorted(sources()))
def test_each_picture_is_stored_once_with_true_sizes(
    slug: str, phantom_of: Callable[[Source], Path], tmp_path: Path
) -> None:
    source = sources()[slug]
    result = stored(source, phantom_of(source), tmp_path / slug)
    rows = images(tmp_path / slug)
    assert rows["image_id"].is_unique().all()
    good = rows.filter(pl.col("status") == "ok")
    assert result["pictures"]["ok"] == good.height > 15
    assert good.select("bytes", "content_sha256", "render_profile", "scale").null_count().sum_horizontal().item() == 0
    for row in good.iter_rows(named=True):
        with Image.open(io.BytesIO(row["bytes"])) as picture:
            assert picture.size == (row["stored_width"], row["stored_height"])
        assert max(picture.size) <= SIDE
        assert row["scale"] == row["stored_width"] / row["width"]
    bad = rows.filter(pl.col("status") != "ok")
    assert bad["bytes"].null_count() == bad.height
    assert sum(n for status, n in result["pictures"].items() if status != "ok") == bad.height
    assert {code: n for code, n in result["rejects"].items() if code.startswith("picture_")}.items() >= {
        f"picture_{status}": n for status, n in result["pictures"].items() if status != "ok"
    }.items()
    verdict = validate(tmp_path / slug, facts(()), deep=True)
    assert [str(problem) for problem in verdict.problems] == []


def test_samples_do_not_depend_on_what_becomes_of_pictures(
    mimic: Source, phantom_of: Callable[[Source], Path], home: Path
) -> None:
    before = shas(home, "samples")
    for mode in ("none", "path", "embed"):
        sizes = {"max_side": SIDE} if mode == "embed" else {}
        result = build_source(mimic, phantom_of(mimic), home, images=mode, **sizes)
        assert result["config"]["images"] == mode
        assert shas(home, "samples") == before
        assert (images(home)["bytes"].null_count() == images(home).height) == (mode != "embed")
        assert len(shas(home, "images")) == 1, "what the mode before wrote is gone"


def test_a_smaller_copy_is_put_into_the_frame_of_the_table(
    mimic: Source, phantom_of: Callable[[Source], Path], tmp_path: Path
) -> None:
    root = Path(shutil.copytree(phantom_of(mimic), tmp_path / "small"))
    whole = stored(mimic, root, tmp_path / "whole", max_side=None)
    assert whole["pictures_of_other_size"] == {"size": 0, "shape": 0}
    halved, squeezed = 0, 0
    for n, path in enumerate(sorted(root.rglob("*.jpg"))):
        try:
            with Image.open(path) as picture:
                size = (64, 64) if n % 4 == 0 else (picture.width // 2, picture.height // 2)
                small = picture.resize(size)
        except OSError:
            continue  # planted: cut off or empty
        small.save(path, quality=95)
        halved, squeezed = halved + 1, squeezed + (n % 4 == 0)
    for mode in ("embed", "path"):
        result = build_source(mimic, root, tmp_path / mode, images=mode)
        rows = images(tmp_path / mode).filter(pl.col("status") == "ok")
        before = images(tmp_path / "whole").filter(pl.col("status") == "ok")
        frame = ["image_id", "width", "height"]
        assert before.join(rows, on=frame, how="anti").is_empty()
        is_half = pl.col("stored_width") == pl.col("width") // 2
        assert rows.filter(is_half)["scale"].is_between(0.49, 0.5).all()
        assert result["pictures_of_other_size"]["size"] == rows.height > 20
        assert 0 < result["pictures_of_other_size"]["shape"] < rows.height
        assert any("another size than the table says" in note for note in result["notes"])


# --- parts ------------------------------------------------------------------------------------------------------------


def test_parts_and_row_groups_are_cut_by_bytes(built: Path) -> None:
    files = sorted((built / "images").iterdir())
    assert [file.name for file in files] == [f"00000-of-00001-part-{n:04d}.parquet" for n in range(len(files))]
    assert len(files) > 3
    ids: list[str] = []
    for file in files:
        assert pl.read_parquet(file)["bytes"].bin.size().sum() <= 40_000
        groups = pq.ParquetFile(file).metadata
        assert groups.num_row_groups > 1
        for n in range(groups.num_row_groups):
            part = pl.DataFrame(pl.from_arrow(pq.ParquetFile(file).read_row_group(n)))
            assert part["bytes"].bin.size().sum() <= 9_000
            ids += part["image_id"].to_list()
    assert ids == sorted(ids)


def picture(size_bytes: int) -> Stored:
    return Stored("ok", 1, 1, 1, 1, "voi", b"x" * (size_bytes - embed.ROW_BYTES), "")


def cuts(sizes: list[int], group: int, part: int) -> list[list[int]]:
    """The sizes of the pictures in the groups of each part, parts divided by an empty one."""
    queue = Queue(picture(size) for size in sizes)
    found: list[list[int]] = []
    room = part
    while True:
        taken = [embed.cost(stored) for stored in queue.take(group, room, is_new=room == part)]
        if not taken and room == part:
            return found
        found.append(taken)
        room = room - sum(taken) if taken else part


def test_a_picture_is_never_too_large_for_a_part_of_its_own() -> None:
    assert cuts([2000] * 5, group=4000, part=6000) == [[2000] * 2, [2000], [], [2000] * 2, []]
    assert cuts([2000, 9000, 2000], group=4000, part=6000) == [[2000], [], [9000], [], [2000], []]
    assert cuts([5000, 5000, 2000], group=4000, part=12_000) == [[5000], [5000], [2000], []]


@pytest.mark.usefixtures("small_parts")
def test_one_worker_and_four_store_the_same(
    mimic: Source, phantom_of: Callable[[Source], Path], built: Path, tmp_path: Path
) -> None:
    stored(mimic, phantom_of(mimic), tmp_path / "four", workers=4)
    assert shas(tmp_path / "four") == shas(built)
    assert (tmp_path / "four" / "build.json").read_bytes() == (built / "build.json").read_bytes()


@pytest.mark.usefixtures("small_parts")
def test_a_second_build_touches_no_file(mimic: Source, phantom_of: Callable[[Source], Path], home: Path) -> None:
    before = stamps(home)
    again = stored(mimic, phantom_of(mimic), home)
    assert (again["shards_written"], again["shards_reused"]) == (0, len(again["shards"]))
    assert stamps(home) == before


@pytest.mark.usefixtures("small_parts")
def test_finished_parts_are_kept_whatever_is_lost(
    mimic: Source, phantom_of: Callable[[Source], Path], built: Path, home: Path
) -> None:
    parts = sorted((home / "images").iterdir())
    for lost in ([parts[1]], parts[2:], [parts[0], parts[3]]):
        kept = {part: part.stat().st_ino for part in parts if part not in lost}
        for part in lost:
            part.unlink()
        result = stored(mimic, phantom_of(mimic), home)
        assert result["shards_written"] == len(lost) + 1, "and the rejects"
        assert {part: part.stat().st_ino for part in kept} == kept
        assert shas(home) == shas(built)


@pytest.mark.usefixtures("small_parts")
def test_a_changed_picture_changes_its_part_and_what_comes_after(
    mimic: Source, phantom_of: Callable[[Source], Path], home: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(phantom_of(mimic), tmp_path / "changed"))
    parts = sorted((home / "images").iterdir())
    stored(mimic, root, home)
    before = [part.stat().st_ino for part in parts]
    row = pl.read_parquet(parts[2]).filter(pl.col("status") == "ok").row(-1, named=True)
    path = next(root.rglob(Path(row["path"]).name))
    with Image.open(path) as changed:
        turned = changed.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turned.save(path, quality=95)
    result = stored(mimic, root, home)
    assert result["shards_written"] > 0
    assert [part.stat().st_ino for part in parts[:2]] == before[:2]
    assert images(home).filter(pl.col("image_id") == row["image_id"])["content_sha256"].item() != row["content_sha256"]
    stored(mimic, root, tmp_path / "fresh")
    assert shas(home, "images") == shas(tmp_path / "fresh", "images")


@pytest.mark.usefixtures("small_parts")
def test_another_size_is_built_anew_and_said(mimic: Source, phantom_of: Callable[[Source], Path], home: Path) -> None:
    before = told(home)
    result = stored(mimic, phantom_of(mimic), home, max_side=48, lossless=True)
    assert images(home)["stored_width"].max() <= 48
    assert result["pictures_config"]["max_side"] == 48
    assert result["pictures_digest"] != before["pictures_digest"]
    assert result["config_digest"] == before["config_digest"]
    assert validate(home, facts(())).ok


SCRIPT = """
import sys
from cxdata.build import embed
from cxdata.cli.entry import main
embed.PART_BYTES, embed.GROUP_BYTES = 40_000, 9_000
sys.argv = ["cxdata", "build", "--source", "mimic", "--images", "embed", "--max-side", "96", *sys.argv[1:]]
if __name__ == "__main__":
    main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("after", ["samples/findings_summarization", "part-0000", "part-0003"])
def test_a_build_that_is_ended_goes_on_with_the_part_it_was_in(
    mimic: Source, phantom_of: Callable[[Source], Path], built: Path, tmp_path: Path, after: str, number: int
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py"), "--root", str(phantom_of(mimic)), "--out", str(tmp_path)]
    with subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(after in line for line in process.stderr)
        process.send_signal(number)
        process.stderr.read()
    home = tmp_path / "mimic"
    assert not (home / "build.json").exists()
    assert number == signal.SIGKILL or not list(home.rglob(".tmp-*"))
    kept = {path: path.stat().st_ino for path in (home / "images").glob("[0-9]*")}
    subprocess.run(command, check=True, capture_output=True)
    assert len(kept) >= after.startswith("part")
    assert {path: path.stat().st_ino for path in kept} == kept
    assert shas(home) == shas(built)
    assert not list(home.rglob(".tmp-*"))


# --- archives ---------------------------------------------------------------------------------------------------------


def test_archives_give_what_their_pictures_give_unpacked(box: Path, tmp_path: Path) -> None:
    result = stored(NIH, box, tmp_path / "packed", workers=2)
    loose = Path(shutil.copytree(box, tmp_path / "loose"))
    for path in sorted(loose.rglob("*.tar.gz")):
        with tarfile.open(path) as archive:
            archive.extractall(path.parent, filter="data")
    assert result["pictures"] == stored(NIH, loose, tmp_path / "unpacked")["pictures"]
    apart = ["path", "member"]
    packed, unpacked = (images(tmp_path / name) for name in ("packed", "unpacked"))
    assert packed.filter(pl.col("status") == "ok")["member"].null_count() == 0
    assert packed.drop(apart).equals(unpacked.drop(apart))
    assert not (tmp_path / "packed" / ".cxdata" / "spool").exists()
    assert validate(tmp_path / "packed", facts(()), deep=True).ok


def test_each_archive_is_read_once_for_all_shards(box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def counted(path: Path, wanted: Any) -> Iterator[Any]:
        opened.append(path.name)
        return members(path, wanted)

    monkeypatch.setattr(spool, "members", counted)
    monkeypatch.setattr("cxdata.build.units.PATIENTS_A_SHARD", 3)
    stored(NIH, box, tmp_path / "b")
    assert len(list((tmp_path / "b" / "images").iterdir())) > 2
    assert sorted(opened) == sorted(path.name for path in box.rglob("*.tar.gz"))
    stored(NIH, box, tmp_path / "b")
    assert len(opened) == 12, "nothing is read again"


def test_what_was_read_of_archives_is_kept_by_a_build_that_ends_early(
    box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def cut(path: Path, wanted: Any) -> Iterator[Any]:
        opened.append(path.name)
        if len(opened) == 5:
            raise KeyboardInterrupt
        return members(path, wanted)

    monkeypatch.setattr(spool, "members", cut)
    with pytest.raises(KeyboardInterrupt):
        stored(NIH, box, tmp_path / "b")
    assert not list((tmp_path / "b").rglob(".tmp-*"))
    stored(NIH, box, tmp_path / "b")
    assert len(opened) == 13, "the fifth twice, the others once"
    stored(NIH, box, tmp_path / "fresh")
    assert shas(tmp_path / "b") == shas(tmp_path / "fresh")


def test_an_archive_that_is_cut_off_gives_what_comes_before_the_cut(box: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(box, tmp_path / "cut"))
    whole = stored(NIH, box, tmp_path / "whole")
    archive = max(root.rglob("*.tar.gz"), key=lambda path: path.stat().st_size)
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size * 2 // 3])
    result = stored(NIH, root, tmp_path / "b")
    assert result["pictures"]["truncated"] > whole["pictures"]["truncated"]
    lost = images(tmp_path / "b").filter(pl.col("status") == "truncated", pl.col("path").str.ends_with(archive.name))
    assert 0 < lost.height < images(tmp_path / "b").filter(pl.col("path").str.ends_with(archive.name)).height


def write_archive(path: Path, contents: list[tuple[str, bytes]]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zipped:
            for name, content in contents:
                zipped.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tarred:
        for name, content in contents:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tarred.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.zip"])
def test_members_come_in_the_order_of_the_archive(name: str, tmp_path: Path) -> None:
    path = write_archive(tmp_path / name, [("./x/b", b"1"), ("x/a", b"2"), ("x/other", b"3"), ("x/c", b"")])
    found = [tuple(member) for member in members(path, {"x/a", "x/b", "x/c", "x/gone"})]
    assert found == [("x/b", b"1"), ("x/a", b"2"), ("x/c", b"")]


@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
@pytest.mark.parametrize("content", [b"", b"no archive at all" * 99])
def test_what_is_no_archive_is_said(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BrokenArchiveError):
        list(members(tmp_path / name, {"a"}))


def test_a_member_is_judged_by_its_name_as_a_file_is(box: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(box, tmp_path / "named"))
    path = sorted(root.rglob("*.tar.gz"))[0]
    jpeg = io.BytesIO()
    Image.effect_noise((200, 200), 40).save(jpeg, "JPEG")
    with tarfile.open(path) as archive:
        names = archive.getnames()
    write_archive(path, [(name, jpeg.getvalue()) for name in names])
    stored(NIH, root, tmp_path / "b")
    rows = images(tmp_path / "b").filter(pl.col("path").str.ends_with(path.name))
    assert set(rows["status"]) - {"missing"} == {"wrong_extension"}


def test_a_folder_and_a_link_are_no_pictures(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert [member.content for member in members(tmp_path / "a.tar", {"folder", "link"})] == [None, None]


# --- room -------------------------------------------------------------------------------------------------------------


class Notes:
    def __init__(self) -> None:
        self.said: list[str] = []

    def expect(self, units: int) -> None: ...

    def done(self, unit: str, detail: str) -> None: ...

    def note(self, text: str) -> None:
        self.said.append(text)


def test_the_size_of_all_is_judged_from_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 10**9)
    notes = Notes()
    room = Room(tmp_path, 10_000, notes)
    for _ in range(3 * space.FIRST):
        room.took(100_000)
    assert notes.said == ["storing 10,000 pictures takes about 1.0 GB; 1.0 GB are free"]


def test_a_disk_that_is_clearly_too_small_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 10**9)
    room = Room(tmp_path, 10_000, Notes(), copies=2)
    for _ in range(space.FIRST - 1):
        room.took(100_000)
    with pytest.raises(CxdataError, match=r"takes about 2\.0 GB .*, and 1\.0 GB are free") as error:
        room.took(100_000)
    assert "--max-side" in str(error.value.mend)


def test_a_refused_build_leaves_nothing_half_written(
    mimic: Source, phantom_of: Callable[[Source], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 1000)
    with pytest.raises(CxdataError, match="are free"):
        stored(mimic, phantom_of(mimic), tmp_path / "b")
    assert not list((tmp_path / "b").rglob(".tmp-*"))
    assert not (tmp_path / "b" / "build.json").exists()
    monkeypatch.undo()
    assert stored(mimic, phantom_of(mimic), tmp_path / "b")["shards_reused"] > 0


# --- validate ---------------------------------------------------------------------------------------------------------


def test_one_flipped_bit_is_found_and_the_shard_named(home: Path) -> None:
    shard = sorted((home / "images").iterdir())[1]
    raw = bytearray(shard.read_bytes())
    raw[len(raw) // 2] ^= 1
    shard.write_bytes(raw)
    for deep in (False, True):
        problems = validate(home, facts(()), deep=deep).problems
        assert {problem.file for problem in problems} == {f"images/{shard.name}"}
        assert "sha256" in {problem.code for problem in problems}


def rewritten(home: Path, **columns: pl.Expr) -> set[str]:
    """Codes that validate finds in the first part with these columns, deep and not, but for the hash of the file."""
    shard = sorted((home / "images").iterdir())[0]
    rows = pl.read_parquet(shard).with_columns(**columns)
    schema = pq.read_schema(shard)
    pq.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema), shard)
    problems = validate(home, facts(()), deep=True).problems
    return {problem.code for problem in problems} - {"sha256", "size"}


def test_rows_without_their_bytes_are_found(home: Path) -> None:
    assert rewritten(home, bytes=pl.lit(None, pl.Binary), content_sha256=pl.lit(None, pl.String)) >= {"missing"}


def test_a_picture_stored_smaller_than_any_film_is_no_problem(
    mimic: Source, phantom_of: Callable[[Source], Path], tmp_path: Path
) -> None:
    assert stored(mimic, phantom_of(mimic), tmp_path / "mimic", max_side=12)["pictures"]["ok"] > 20
    assert validate(tmp_path / "mimic", facts(()), deep=True).ok


def test_bytes_that_are_not_what_the_row_says_are_found(home: Path) -> None:
    assert rewritten(home, bytes=pl.col("bytes").reverse()) >= {"picture_sha256"}


def test_a_size_that_is_not_that_of_the_stored_picture_is_found(home: Path) -> None:
    larger = pl.col("stored_height") + 1
    assert rewritten(home, stored_height=larger.cast(pl.Int32)) == {"picture_size"}


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--images", "path", "--max-side", "9"], "--max-side: pictures are not stored with --images path"),
        (["--render", "voi", "--lossless"], "--render, --lossless: pictures are not stored"),
        (["--images", "embed", "--max-side", "9", "--max-pixels", "9"], "do not go together"),
        (["--images", "embed", "--render", "sepia"], "no render profile 'sepia'"),
    ],
)
def test_flags_that_do_not_go_together_are_wrong_use(
    cli: Cli, mimic: Source, phantom_of: Callable[[Source], Path], asked: list[str], words: str
) -> None:
    run = cli.build(phantom_of(mimic), *asked)
    assert run.code == 2
    assert words in run.err


def test_the_verb_stores_and_says_how_large(cli: Cli, mimic: Source, phantom_of: Callable[[Source], Path]) -> None:
    run = cli.build(phantom_of(mimic), "--images", "embed", "--max-pixels", 5_000, "--json")
    assert run.code == 0
    (result,) = json.loads(run.out)
    assert result["pictures_config"]["max_pixels"] == 5_000
    assert "pictures takes about" in run.err
