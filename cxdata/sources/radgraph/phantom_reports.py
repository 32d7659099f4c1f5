"""Synthetic reports with their graphs: sentences of our own, each word group marked by hand.

A template is a list of pieces: plain words, or (words, label, name, relations), where relations are (kind, name).
`{side}` and `{size}` are those of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cxdata.phantom.choice import Choice
from cxdata.phantom.signs import place

Piece = str | tuple[str, str, str, tuple[tuple[str, str], ...]]
Template = tuple[Piece, ...]

P, U, A, WHERE = "OBS-DP", "OBS-U", "OBS-DA", "ANAT-DP"
_SIDED: Final[tuple[Piece, ...]] = (("{side}", WHERE, "side", (("modify", "where"),)),)


def _seen(words: str, where: str, size: str = "{size}") -> Template:
    """Small left pleural effusion ."""
    observation = (words, P, "it", (("located_at", "where"),))
    return ((size, P, "size", (("modify", "it"),)), *_SIDED, (where, WHERE, "where", ()), observation, ".")


def _plain(words: str, label: str) -> Template:
    begin: tuple[Piece, ...] = {P: ("There", "is"), U: ("Possible",), A: ("No",)}[label]
    return (*begin, (words, label, "it", ()), ".")


def _at(words: str, where: str, label: str) -> Template:
    begin: tuple[Piece, ...] = {P: ("There", "is"), U: ("Possible",), A: ("No",)}[label]
    return (*begin, (where, WHERE, "where", ()), (words, label, "it", (("located_at", "where"),)), ".")


TEMPLATES: Final[dict[str, dict[str, tuple[Template, ...]]]] = {
    "Pleural Effusion": {
        "present": (_seen("effusion", "pleural"),),
        "uncertain": (_at("effusion", "pleural", U),),
        "absent": (_at("effusion", "pleural", A),),
    },
    "Pneumothorax": {
        "present": ((("{size}", P, "size", (("modify", "it"),)), ("{side}", WHERE, "side", ()),
                     ("pneumothorax", P, "it", (("located_at", "side"),)), "."),),
        "uncertain": (_plain("pneumothorax", U),), "absent": (_plain("pneumothorax", A),),
    },
    "Atelectasis": {
        "present": ((("Streaky", P, "look", (("modify", "op"),)), ("{side}", WHERE, "side", (("modify", "base"),)),
                     ("basilar", WHERE, "base", ()),
                     ("opacities", P, "op", (("located_at", "base"), ("suggestive_of", "it"))), "likely", "reflect",
                     ("atelectasis", U, "it", ()), "."), _seen("atelectasis", "base", "Mild")),
        "uncertain": (_plain("atelectasis", U),), "absent": (_plain("atelectasis", A),),
    },
    "Edema": {
        "present": ((("Mild", P, "deg", (("modify", "it"),)), ("pulmonary", WHERE, "where", ()),
                     ("edema", P, "it", (("located_at", "where"),)), "."),),
        "uncertain": (_at("edema", "pulmonary", U),),
        "absent": (("No", ("overt", A, "deg", (("modify", "it"),)), ("edema", A, "it", ()), "."), _plain("edema", A)),
    },
    "Consolidation": {
        "present": (_seen("consolidation", "lung", "Dense"),), "uncertain": (_plain("consolidation", U),),
        "absent": (("No", ("focal", A, "f", (("modify", "it"),)), ("consolidation", A, "it", ()), "."),),
    },
    "Pneumonia": {
        "present": (_plain("pneumonia", P),), "uncertain": (_plain("pneumonia", U),),
        "absent": (_plain("pneumonia", A),),
    },
    "Cardiomegaly": {
        "present": (("There", "is", ("cardiomegaly", P, "it", ()), "."),), "uncertain": (_plain("cardiomegaly", U),),
        "absent": (("The", ("heart", WHERE, "heart", ()), "is", ("normal", P, "n", (("located_at", "heart"),)), "."),),
    },
    "Lung Opacity": {
        "present": (_seen("opacity", "lung", "Hazy"),), "uncertain": (_plain("opacity", U),),
        "absent": (("No", ("focal", A, "f", (("modify", "it"),)), ("opacity", A, "it", ()), "."),),
    },
    "Fracture": {
        "present": ((("{side}", WHERE, "side", (("modify", "rib"),)), ("rib", WHERE, "rib", ()),
                     ("fracture", P, "it", (("located_at", "rib"),)), "."),),
        "uncertain": (_plain("fracture", U),),
        "absent": (_at("fracture", "osseous", A), _at("fracture", "rib", A)),
    },
}  # fmt: skip
"""What has no template is not spoken of; a report that would say nothing says that the lungs are clear."""
CLEAR: Final[Template] = (("Lungs", WHERE, "lungs", ()), "are", ("clear", P, "it", (("located_at", "lungs"),)), ".")


def graph_of(states: Mapping[str, str], study: str, seed: int) -> dict[str, Any]:
    """`text` and `entities` of the report of a study with these states (finding to present, absent, uncertain)."""
    choice = Choice(seed, f"{study} graph")
    key = f"study {study.removeprefix('s')}"  # under which MIMIC-CXR's phantom paints the study
    signs = place([finding for finding, state in states.items() if state != "absent"], key, seed)
    tokens: list[str] = []
    entities: dict[str, dict[str, Any]] = {}
    said = [
        choice.pick(finding, TEMPLATES[finding][state]) for finding, state in states.items() if finding in TEMPLATES
    ]
    findings = [finding for finding in states if finding in TEMPLATES]
    for template, finding in zip(said or [CLEAR], findings or [""], strict=True):
        sign = signs.get(finding)
        words = {"side": {"both": "bilateral"}.get(sign.side, sign.side), "size": sign.size} if sign else {}
        _say(template, words, tokens, entities)
    return {"text": " ".join(tokens), "entities": entities}


def _say(template: Template, words: Mapping[str, str], tokens: list[str], entities: dict[str, dict[str, Any]]) -> None:
    """Add one sentence; the first word of it is written large."""
    marked = [piece for piece in template if not isinstance(piece, str)]
    numbers = {piece[2]: str(len(entities) + nth) for nth, piece in enumerate(marked, start=1)}
    is_first = True
    for piece in template:
        told = (piece if isinstance(piece, str) else piece[0]).format(**words).split(" ")
        told = [told[0].capitalize(), *told[1:]] if is_first else told
        is_first, start = False, len(tokens)
        tokens += told
        if not isinstance(piece, str):
            entities[numbers[piece[2]]] = {
                "tokens": " ".join(told), "label": piece[1], "start_ix": start, "end_ix": len(tokens) - 1,
                "relations": [[kind, numbers[name]] for kind, name in piece[3]],
            }  # fmt: skip
