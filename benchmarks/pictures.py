"""Pictures a second, beside the bare floor of the same run, on one core; then two workers against one.

    python benchmarks/pictures.py [--pictures 40] [--rounds 5]

- JPEG of MIMIC's size (2544 x 3056) to 1,024 pixels: floor is Pillow's scaled decode, resize and encode, nothing more.
- Uncompressed 12-bit DICOM of that size to 8 bits: floor is reading the pixels with numpy and scaling them.
- The same DICOM stored at 1,024 pixels, the floor's pixels resized and encoded too.

The films are painted: smooth shapes and grain, so that a JPEG of quality 95 has the size of MIMIC's (1.5 MB and more).
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxdata.build.pool import Pool
from cxdata.images.dicom_header import read_header
from cxdata.images.dicom_pixels import read_pixels
from cxdata.images.profiles import PROFILES, render
from cxdata.images.store import QUALITY, Ask, store

WIDTH, HEIGHT, SIDE = 2544, 3056, 1024
CENTRE, SPAN = 2048, 4096
Grey = NDArray[np.uint8]


def painted() -> NDArray[np.uint16]:
    """A film of 12 bits: slow waves, two dark ovals, grain."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    lungs = sum((((x - c) / 500) ** 2 + ((y - 1500) / 900) ** 2 < 1).astype(np.float32) for c in (750, 1800))
    waves = 300 * np.sin(x / 90) * np.cos(y / 130)
    grain = ((x.astype(np.int64) * 7919 + y.astype(np.int64) * 104_729 + (x * y).astype(np.int64)) % 131).astype(
        np.float32
    )
    values = 2600 + waves - 1400 * np.asarray(lungs, np.float32) + grain
    return np.clip(values, 0, 4095).astype(np.uint16)


def dicom_of(pixels: NDArray[np.uint16]) -> bytes:
    """The pixels as an uncompressed DICOM file with a window over all 12 bits."""
    from pydicom import dcmwrite
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian

    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID, film.SOPInstanceUID = ComputedRadiographyImageStorage, UID("2.25.1")
    film.SamplesPerPixel, film.PhotometricInterpretation, film.PixelRepresentation = 1, "MONOCHROME2", 0
    film.Rows, film.Columns, film.BitsAllocated, film.BitsStored, film.HighBit = HEIGHT, WIDTH, 16, 12, 11
    film.WindowCenter, film.WindowWidth = CENTRE, SPAN
    film.PixelData = pixels.tobytes()
    film["PixelData"].VR = "OW"
    stream = io.BytesIO()
    dcmwrite(stream, film, enforce_file_format=True)
    return stream.getvalue()


def jpeg_floor(path: Path) -> bytes:
    """Scaled decode, resize, encode."""
    with Image.open(path) as picture:
        size = (round(picture.width * SIDE / picture.height), SIDE)
        picture.draft("L", size)
        return jpeg_bytes(picture.resize(size, Image.Resampling.LANCZOS))


def jpeg_bytes(picture: Image.Image) -> bytes:
    """A JPEG of the quality that builds store."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def numpy_floor(path: Path) -> Grey:
    """Read the pixels, which are the end of the file, and scale 12 bits to 8, which is what the window says."""
    count = WIDTH * HEIGHT
    pixels = np.fromfile(path, "<u2", offset=path.stat().st_size - 2 * count).reshape(HEIGHT, WIDTH)
    scaled = pixels.astype(np.float32)
    scaled *= np.float32(255 / (SPAN - 1))
    scaled += np.float32(0.5)
    return scaled.astype(np.uint8)


def numpy_stored(path: Path) -> bytes:
    """The floor's pixels, resized and encoded."""
    picture = Image.fromarray(numpy_floor(path))
    return jpeg_bytes(picture.resize((round(WIDTH * SIDE / HEIGHT), SIDE), Image.Resampling.LANCZOS))


def ours_to_pixels(path: Path) -> Grey:
    """Our reading and rendering, without resizing and encoding."""
    with path.open("rb") as stream:
        film = read_header(stream)
        return render(read_pixels(stream, film), film.facts, PROFILES["voi"]).grey


def ours(path: Path) -> bytes:
    """A stored picture."""
    stored = store(path, Ask(max_side=SIDE))
    if stored.data is None:
        raise SystemExit(f"{path.name}: {stored.status}")
    return stored.data


def many(paths: list[Path]) -> int:
    """Bytes of many stored pictures; for a worker."""
    return sum(len(ours(path)) for path in paths)


def side_by_side(floor: Callable[[], object], mine: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of both, measured in turn so that a busy neighbour slows both."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for kept, work in zip(times, (floor, mine), strict=True):
            start = time.process_time()
            work()
            if turn:  # the first is for imports
                kept.append(time.process_time() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def workers(paths: list[Path], rounds: int) -> tuple[float, float]:
    """Seconds on the clock of one and of two processes over the same chunks, the start of processes left out."""
    chunk = max(1, len(paths) // 8)
    chunks = [(paths[at : at + chunk],) for at in range(0, len(paths), chunk)]
    best = []
    for number in (1, 2):
        seconds = []
        for _ in range(rounds):
            # A first chunk a worker warms it up: processes start and import once a build.
            results = Pool(number).run(many, [(paths[:1],)] * 2 + chunks)
            next(results), next(results)
            start = time.perf_counter()
            sum(results)
            seconds.append(time.perf_counter() - start)
        best.append(min(seconds))
    return best[0], best[1]


def main() -> None:
    """Paint, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=40, help="how many the workers share")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pixels = painted()
        jpeg, dicom = Path(folder) / "film.jpg", Path(folder) / "film.dcm"
        jpeg.write_bytes(jpeg_bytes(Image.fromarray((pixels >> 4).astype(np.uint8))))
        dicom.write_bytes(dicom_of(pixels))
        if not np.array_equal(numpy_floor(dicom), ours_to_pixels(dicom)):
            print("note: floor and ours differ by rounding")
        print(f"JPEG {jpeg.stat().st_size / 1e6:.1f} MB, DICOM {dicom.stat().st_size / 1e6:.1f} MB, {WIDTH} x {HEIGHT}")
        rows = (
            (f"JPEG to {SIDE}", lambda: jpeg_floor(jpeg), lambda: ours(jpeg), 1.15),
            ("DICOM to 8 bits", lambda: numpy_floor(dicom), lambda: ours_to_pixels(dicom), 1.3),
            (f"DICOM to {SIDE}", lambda: numpy_stored(dicom), lambda: ours(dicom), 1.3),
        )
        print(f"{'':18}{'floor ms':>10}{'ours ms':>10}{'a second':>10}{'ratio':>8}{'wanted':>8}")
        for name, floor, mine, wanted in rows:
            low, high = side_by_side(floor, mine, options.rounds)
            print(f"{name:18}{low * 1e3:10.1f}{high * 1e3:10.1f}{1 / high:10.1f}{high / low:8.2f}{wanted:8.2f}")
        one, two = workers([jpeg] * options.pictures, options.rounds)
        rate = options.pictures / one
        print(
            f"JPEGs a second: one worker {rate:.1f}, two {options.pictures / two:.1f}: x {one / two:.2f} (wanted 1.8)"
        )


if __name__ == "__main__":
    main()
