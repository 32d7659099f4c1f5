"""Write the generated pages of docs/ anew: schema, states, sources, drops, command line. A test finds stale ones."""

from __future__ import annotations

from pathlib import Path

from typer import Typer
from typer.testing import CliRunner

from cxdata.cli.app import app
from cxdata.mix.dropped import table_markdown
from cxdata.model.facets import FACETS
from cxdata.model.policies import policy_table_markdown
from cxdata.model.sample import columns
from cxdata.model.tags import TAGS
from cxdata.model.terms import ThirdParty
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources
from cxdata.tasks.base import Task, tasks
from cxmind_train.cli import app as trainer

DOCS = Path(__file__).parents[1] / "docs"
SHAPE = ("answer_type", "stage", "level", "reward")
MADE = "<!-- made by tests/regenerate_docs.py; edit the code instead -->\n\n"


def pages() -> dict[str, str]:
    """Each generated page by its name."""
    return {
        "samples.md": _samples(),
        "states.md": _states(),
        "sources.md": _sources(),
        "cli.md": _cli(),
        "dropped.md": _dropped(),
    }


def _samples() -> str:
    rows = [
        f"| `{c.name}` | {_type(str(c.kind))} | {'yes' if c.nullable else ''} | {c.description} |" for c in columns()
    ]
    facets = [f"| `{name}` | {', '.join(f'`{column}`' for column in schema)} |" for name, schema in FACETS.items()]
    asked = [
        f"| `{t.name}` | {' | '.join(_constant(t, name) for name in SHAPE)} | {t.domain} |" for t in tasks().values()
    ]
    return "\n".join([
        "# Samples and facets\n", "## Columns of `samples/*.parquet`\n", "| column | type | may be null | meaning |",
        "|---|---|---|---|", *rows, "\n## Tasks\n", "| task | answer type | stage | level | reward | domain |",
        "|---|---|---|---|---|---|", *asked, "\n## Facet tables\n", "| facet | columns |", "|---|---|", *facets,
    ]) + "\n"  # fmt: skip


def _constant(task: Task, name: str) -> str:
    return "by question" if name in task.by_row else str(getattr(task, name))


def _type(kind: str) -> str:
    return kind.replace("String", "string").replace("|", "\\|")


def _states() -> str:
    return (
        "# Label states and policies\n\nA label states a finding present, absent or uncertain; silence states nothing. "
        "What follows from the statements of one study, and what each policy lets a finding be used for:\n\n"
        + policy_table_markdown()
        + "- `read` is as `stated` once the reader of reports was heard, and for train only: what a report denies is "
        "absent, what it leaves open is uncertain, and where reader and labels differ the finding is in conflict. How "
        "many questions each policy gives, measured: [reader.md](reader.md#whole-reports-and-the-policy-read).\n"
    )


def _dropped() -> str:
    return (
        "# What a mix leaves out\n\nCodes of `dropped` in `mix.json`. A row is counted once, by the first "
        "code that fits it.\n\n" + table_markdown()
    )


def _sources() -> str:
    tags = "\n".join(f"| `{tag}` | {meaning} |" for tag, meaning in TAGS.items())
    head = f"# Sources\n\nTags, by which a mix may choose sources:\n\n| tag | the source |\n|---|---|\n{tags}\n\n"
    return head + "\n".join(_card(source) for source in sources().values())


def _services(third: ThirdParty | None) -> list[str]:
    return [f"Services of others (`{third.name}`): {third.says} <{third.page}>\n"] if third else []


def _card(source: Source) -> str:
    m = source.manifest
    counts = [f"| {c.what} | {c.value:,} {c.unit} | {c.origin} |" for c in m.official_counts]
    files = [f"| `{f.name}` | {f.part} | {f.need} | {', '.join(f.tasks)} | {f.why} |" for f in m.files]
    layouts = [
        f"| `{x.name}` | {x.title} | {', '.join(f'{p}: `{d}`' for p, d in x.parts.items())} |" for x in m.layouts
    ]
    return "\n".join([
        f"## `{m.slug}`: {m.title}\n", f"{m.summary}\n", f"Access: {m.access}. Licence: {m.licence}. {m.terms}\n",
        *_services(m.third_party),
        *(f"Questions answered by `{one.name}` ({one.reference}): {one.note}.\n" for one in m.answered_by),
        *(f"- {part.title}: <{part.home.url}> ({part.home.size})" for part in m.parts.values()), "",
        "| file | part | need | tasks | why |", "|---|---|---|---|---|", *files, "",
        "| layout | what | parts |", "|---|---|---|", *layouts, "",
        "| official count | value | origin |", "|---|---|---|", *counts, "",
        f"Tasks: {', '.join(m.tasks)}.\n", f"Tags: {', '.join(m.tags) or 'none'}.\n", f"Split: {m.split.words}.\n",
        f"Population where no age is given: {m.population.default} ({m.population.evidence}).", "",
    ])  # fmt: skip


def _cli() -> str:
    names = [command.name for command in app.registered_commands if command.name]
    helps = [_help([])] + [_help([name]) for name in names]
    verbs = [command.name for command in trainer.registered_commands if command.name]
    helps += [_help(verb, trainer, "cxmind-train") for verb in ([], *([name] for name in verbs))]
    return "# Command line\n\n" + "\n".join(f"```\n{text.rstrip()}\n```\n" for text in helps)


def _help(verb: list[str], of: Typer = app, prog: str = "cxdata") -> str:
    environment = {"COLUMNS": "110", "TERMINAL_WIDTH": "110", "TERM": "dumb", "NO_COLOR": "1"}
    result = CliRunner().invoke(of, [*verb, "--help"], prog_name=prog, color=False, env=environment)
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (DOCS / name).write_text(MADE + text, encoding="utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
