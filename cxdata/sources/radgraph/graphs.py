"""Graphs of reports as tables: one row a report, one an entity, one a relation.

A report's value holds `text` (tokens joined by single blanks) and `entities` by number, each with `tokens`, `label`,
`start_ix` and `end_ix` (places of tokens, the end included) and `relations` ([kind, number of the other entity]); in
test.json `labeler_1` and `labeler_2` hold the entities instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.sources.records import KEY, Record
from cxdata.sources.tables import ROW

KINDS: Final = {"ANAT-DP": "anatomy", "OBS-DP": "present", "OBS-U": "uncertain", "OBS-DA": "absent"}
RELATIONS: Final = {"modify": "modify", "located_at": "located at", "suggestive_of": "suggestive of"}
LABELERS: Final = ("labeler_1", "labeler_2")

Entity = tuple[str, str]
Link = tuple[int, str, int]


class Graph(NamedTuple):
    """What is marked in one report: entities (words, kind) as they stand in the text, and relations by their places."""

    entities: list[Entity]
    links: list[Link]


class Graphs(NamedTuple):
    """Tables of many graphs.

    `reports` (row, key, data_source, sentence, fault), `entities` (row, place, words, kind) and `links` (row, subject,
    relation, object); `second` holds the entities and links of the second labeller.
    """

    reports: pl.DataFrame
    entities: pl.DataFrame
    links: pl.DataFrame
    second: tuple[pl.DataFrame, pl.DataFrame] | None = None


def tables(records: Iterable[Record], *, labelled_twice: bool = False) -> Graphs:
    """The graphs of records; a report whose graph is not sound has a `fault`: its code, and no entities."""
    reports: list[tuple[Any, ...]] = []
    read: tuple[list[tuple[int, Graph]], list[tuple[int, Graph]]] = ([], [])
    for record in records:
        row, text = record[ROW], record.get("text")
        holders = [record.get(name) for name in LABELERS] if labelled_twice else [record]
        graphs = [_graph(text, holder) for holder in holders]
        fault = next((graph for graph in graphs if isinstance(graph, str)), None)
        source = record.get("data_source")
        told = text if isinstance(text, str) else None
        reports.append((row, record.get(KEY), source if isinstance(source, str) else None, told, fault))
        if fault is None:
            for kept, graph in zip(read, graphs, strict=False):
                if isinstance(graph, Graph):
                    kept.append((row, graph))
    schema = {ROW: pl.Int64, KEY: pl.String, "data_source": pl.String, "sentence": pl.String, "fault": pl.String}
    frame = pl.DataFrame(reports, schema=schema, orient="row")
    return Graphs(frame, *_flat(read[0]), _flat(read[1]) if labelled_twice else None)


def _graph(text: Any, holder: Any) -> Graph | str:
    """The graph, or the code of what is wrong with it."""
    entities = holder.get("entities") if isinstance(holder, Mapping) else None
    if not isinstance(text, str) or not isinstance(entities, Mapping):
        return "bad_record"
    try:
        return _read(text.split(" "), entities)
    except (KeyError, TypeError, ValueError, AttributeError):
        return "bad_graph"


def _read(tokens: list[str], entities: Mapping[str, Any]) -> Graph | str:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is not of the form that RadGraph has."""
    if not entities:
        return "no_entity"
    order = [name for *_, name in sorted((one["start_ix"], one["end_ix"], name) for name, one in entities.items())]
    place = {name: nth for nth, name in enumerate(order)}
    told, links = list[Entity](), list[Link]()
    for nth, name in enumerate(order):
        one = entities[name]
        if one["tokens"] != " ".join(tokens[one["start_ix"] : one["end_ix"] + 1]) or not one["tokens"]:
            return "not_of_text"
        told.append((one["tokens"], KINDS[one["label"]]))
        links += [(nth, RELATIONS[kind], place[str(other)]) for kind, other in one["relations"]]
    return Graph(told, links)


def _flat(graphs: list[tuple[int, Graph]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entities and relations of graphs by the row of their report, column by column: there are millions."""
    counts = [len(graph.entities) for _, graph in graphs]
    entities = pl.DataFrame(
        {
            ROW: [row for (row, _), count in zip(graphs, counts, strict=True) for _ in range(count)],
            "place": [nth for count in counts for nth in range(count)],
            "words": [words for _, graph in graphs for words, _ in graph.entities],
            "kind": [kind for _, graph in graphs for _, kind in graph.entities],
        },
        schema={ROW: pl.Int64, "place": pl.Int32, "words": pl.String, "kind": pl.String},
    )
    links = pl.DataFrame(
        {
            ROW: [row for row, graph in graphs for _ in graph.links],
            "subject": [link[0] for _, graph in graphs for link in graph.links],
            "relation": [link[1] for _, graph in graphs for link in graph.links],
            "object": [link[2] for _, graph in graphs for link in graph.links],
        },
        schema={ROW: pl.Int64, "subject": pl.Int32, "relation": pl.String, "object": pl.Int32},
    )
    return entities, links
