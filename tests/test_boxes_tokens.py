"""Boxes of each model family and image tokens: round trips, edges, and the processor's own numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxdata.images.boxes import FAMILIES, Box, View, from_model, rescaled, to_model
from cxdata.images.tokens import Limits, image_tokens, smart_resize
from cxdata.model.errors import UsageError

TRAINER = Limits(262_144, 4_194_304)
sides = st.integers(64, 5000)


@st.composite
def framed(draw: st.DrawFn) -> tuple[Box, View]:
    width, height = draw(sides), draw(sides)
    x0, x1 = sorted(draw(st.lists(st.integers(0, width), min_size=2, max_size=2, unique=True)))
    y0, y1 = sorted(draw(st.lists(st.integers(0, height), min_size=2, max_size=2, unique=True)))
    shrink = draw(st.sampled_from([1, 2, 3.7]))
    stored = (max(28, round(width / shrink)), max(28, round(height / shrink)))
    return (x0, y0, x1, y1), View((width, height), stored, draw(st.sampled_from([Limits(), TRAINER])))


@given(framed(), st.sampled_from(FAMILIES))
def test_round_trip_is_within_a_unit(case: tuple[Box, View], family: str) -> None:
    box, view = case
    there = to_model(box, family, view)
    back = from_model(there, family, view)
    units = {"norm1": None, "qwen2.5": smart_resize(*(view.stored or view.frame), view.limits)}.get(
        family, (1000, 1000)
    )
    for edge, (before, after) in enumerate(zip(box, back, strict=True)):
        unit = 1e-6 if units is None else view.frame[edge % 2] / units[edge % 2]
        assert abs(before - after) <= unit + 1e-6
    assert there[0] < there[2]
    assert there[1] < there[3]
    if units is not None:
        assert all(value == int(value) and 0 <= value <= units[edge % 2] for edge, value in enumerate(there))
        assert to_model(back, family, view) == there


@pytest.mark.parametrize(
    ("family", "wanted"),
    [
        ("norm1", (0.25, 0.5, 0.5, 0.75)),
        ("qwen2", (250, 500, 500, 750)),
        ("qwen3", (250, 500, 500, 750)),
        # 512 x 1024 stored becomes 504 x 1036.
        ("qwen2.5", (126, 518, 252, 777)),
    ],
)
def test_known_boxes(family: str, wanted: Box) -> None:
    view = View((2000, 4000), (512, 1024))
    assert to_model((500, 2000, 1000, 3000), family, view) == wanted
    assert from_model(wanted, family, view) == (500, 2000, 1000, 3000)


def test_edges_outside_are_moved_onto_the_frame() -> None:
    view = View((1000, 1000))
    assert to_model((-5, -5, 1200, 500), "qwen2", view) == (0, 0, 1000, 500)
    assert from_model((-3, 0, 1001, 500), "qwen2", view) == (0, 0, 1000, 500)


def test_thin_box_keeps_a_unit() -> None:
    view = View((4000, 4000))
    assert to_model((3999, 10, 4000, 11), "qwen2", view) == (999, 2, 1000, 3)


@pytest.mark.parametrize(
    "box",
    [(5, 5, 5, 9), (9, 5, 5, 9), (2000, 5, 3000, 9), (-9, 0, 0, 9), (float("nan"), 0, 1, 1), (0, 0, float("inf"), 1)],
)
def test_box_without_area_is_refused(box: Box) -> None:
    for family in FAMILIES:
        with pytest.raises(UsageError):
            to_model(box, family, View((1000, 1000)))
    with pytest.raises(UsageError):
        from_model((300, 5, 300, 9), "qwen2", View((1000, 1000)))


def test_unknown_family_and_frame_without_size() -> None:
    with pytest.raises(UsageError, match="no model family"):
        to_model((0, 0, 1, 1), "qwen9", View((10, 10)))
    with pytest.raises(UsageError):
        to_model((0, 0, 1, 1), "qwen2", View((0, 10)))


def test_box_of_a_copy_of_another_size() -> None:
    assert rescaled((100, 200, 300, 400), (1000, 2000), (500, 500)) == (50, 50, 150, 100)


# Width, height, limits: what smart_resize of transformers 5.17.0 gave, and tokens.
VECTORS = [
    (2544, 3056, Limits(), (2548, 3052), 9919),
    (2544, 3056, TRAINER, (1848, 2240), 5280),
    (1024, 1024, TRAINER, (1036, 1036), 1369),
    (224, 224, TRAINER, (532, 532), 361),
    (256, 312, Limits(), (252, 308), 99),
    (30, 900, Limits(), (28, 896), 32),
    (853, 1024, Limits(256 * 784, 1280 * 784), (840, 1036), 1110),
    (1024, 853, Limits(65_536, 16_777_216, 32), (1024, 864), 864),
]


@pytest.mark.parametrize(("width", "height", "limits", "size", "tokens"), VECTORS)
def test_pinned_sizes_and_tokens(
    width: int, height: int, limits: Limits, size: tuple[int, int], tokens: int
) -> None:  # fmt: skip
    assert smart_resize(width, height, limits) == size
    assert image_tokens(width, height, limits) == tokens


@given(sides, sides, st.sampled_from([Limits(), TRAINER, Limits(65_536, 1_000_000, 32)]))
def test_size_is_a_multiple_within_the_limits(width: int, height: int, limits: Limits) -> None:
    across, down = smart_resize(width, height, limits)
    assert across % limits.factor == down % limits.factor == 0
    assert limits.min_pixels <= across * down <= limits.max_pixels


def test_as_transformers_does_it() -> None:
    processing = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl")

    @given(sides, sides, st.integers(1, 4000), st.integers(1, 20), st.sampled_from([28, 32]))
    def same(width: int, height: int, low: int, more: int, factor: int) -> None:
        limits = Limits(low * 784, low * more * 784 + 784, factor)
        down, across = processing.smart_resize(height, width, factor, limits.min_pixels, limits.max_pixels)
        assert smart_resize(width, height, limits) == (across, down)

    same()


@pytest.mark.parametrize("size", [(0, 5), (1, 201), (5000, 20)])
def test_shapes_that_no_processor_takes(size: tuple[int, int]) -> None:
    with pytest.raises(UsageError):
        smart_resize(*size)
