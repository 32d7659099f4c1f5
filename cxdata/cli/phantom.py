"""`cxdata phantom`: a synthetic copy of a source, in the layout of its official download."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxdata.cli.output import print_table, say
from cxdata.cli.settings import IncludeOption, SourceOption

if TYPE_CHECKING:
    from cxdata.cli.phantom_folder import Order
    from cxdata.model.manifest import Layout
    from cxdata.sources.base import Source

NAME = "phantom"
EXAMPLES = (
    "cxdata phantom --source mimic --out data --patients 100",
    "cxdata phantom --source mimic --out data --layout all",
)
ALL = "all"


def run(
    source: SourceOption,
    out: Annotated[Path, typer.Option("--out", help="Phantoms go to OUT/SLUG, or OUT/SLUG-LAYOUT for all layouts.")],
    patients: Annotated[int, typer.Option("--patients", min=1, help="How many patients.")] = 40,
    layout: Annotated[
        str | None, typer.Option("--layout", help="A layout of the source, or all; its first layout by default.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, envvar="CXDATA_SEED", help="Another seed, other patients and pictures.")
    ] = 0,
    include_path: IncludeOption = None,
) -> None:
    """Write synthetic radiographs, tables and reports as a user has them after the official download."""
    from cxdata.cli.phantom_folder import Order, is_written, write
    from cxdata.sources.discovery import source as find_source

    asked = [find_source(slug, include_path or ()) for slug in dict.fromkeys(source)]
    parents = [find_source(slug, include_path or ()) for slug in _parents(asked)]
    orders = [Order(one, _layouts(one, None)[0], out / one.slug, patients, seed) for one in parents]
    for one in sorted(asked, key=lambda one: bool(one.manifest.requires)):  # parents first: the others fit to them
        below = tuple(next(o for o in orders if o.source.slug == slug) for slug in one.manifest.requires)
        orders += [
            _order(one, chosen, out, patients, seed, layout)._replace(parents=below) for chosen in _layouts(one, layout)
        ]
    standing = [is_written(order) for order in orders]
    for order, stands in zip(orders, standing, strict=True):
        if stands:
            say(f"{order.source.slug}: {order.target} is there already, as asked for")
        else:
            write(order)
    print_table(["source", "layout", "patients", "folder"], [_row(order) for order in orders])
    say(f"next: {_next(next(order for order in orders if order.source is asked[0]))}")


def _next(order: Order) -> str:
    """The build of a phantom; a source that stands on others wants a root for each."""
    slug = order.source.slug
    if not order.parents:
        return f"cxdata build --source {slug} --root {order.target}"
    roots = " ".join(f"--root {one.source.slug}={one.target}" for one in (order, *order.parents))
    return f"cxdata build --source {slug} {roots}"


def _parents(asked: list[Source]) -> list[str]:
    slugs = [parent for one in asked for parent in one.manifest.requires]
    return [slug for slug in dict.fromkeys(slugs) if slug not in {one.slug for one in asked}]


def _layouts(source: Source, name: str | None) -> list[Layout]:
    from cxdata.model.errors import UsageError

    layouts = list(source.manifest.layouts)
    if name == ALL:
        return layouts
    chosen = [layout for layout in layouts if name in (None, layout.name)][:1]
    if not chosen:
        known = ", ".join(layout.name for layout in layouts)
        raise UsageError(f"{source.slug} has no layout {name!r}", mend=f"one of: {known}, or {ALL}")
    return chosen


def _order(source: Source, layout: Layout, out: Path, patients: int, seed: int, asked: str | None) -> Order:
    from cxdata.cli.phantom_folder import Order

    name = f"{source.slug}-{layout.name}" if asked == ALL else source.slug
    return Order(source, layout, out / name, patients, seed)


def _row(order: Order) -> tuple[str, str, int, str]:
    return order.source.slug, order.layout.name, order.patients, str(order.target)
