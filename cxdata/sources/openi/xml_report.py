"""One report of the collection, from its XML: sections, index terms, the names of its pictures.

XML is read with defusedxml, which refuses entities and document types: OpenI's files have none, and a made-up one could
fill memory or read other files.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from cxdata.reports.sections import normalise
from cxdata.sources.openi.sections import SECTIONS

_IMAGE: Final = re.compile(r"CXR\d+(?:_1)?_IM-\d+(?:-\d+)*")
_PLACES: Final = re.compile(r'<AbstractText Label="(FINDINGS|IMPRESSION)">(.*?)</AbstractText>', re.DOTALL)
_NOWHERE: Final = (None, None)

Place = tuple[int | None, int | None]


class XmlReport(NamedTuple):
    """One file. `places` are offsets of findings and impression in the file's text; `strange` counts bad ids."""

    sections: dict[str, str | None]
    terms: tuple[str, ...]
    images: tuple[str, ...]
    places: dict[str, Place]
    strange: int


def parse(number: str, data: bytes | None) -> XmlReport | str:
    """The report, or the code for which it is rejected: see `reader.MESSAGES`."""
    if data is None:
        return "report_unreadable"
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        return "xml_entities"
    except (ParseError, LookupError, ValueError):
        return "xml_broken"
    own = root.find("uId")
    if own is None or own.get("id") != f"CXR{number}":
        return "other_report"
    labelled = {element.get("Label"): "".join(element.itertext()) for element in root.iter("AbstractText")}
    named = [element.get("id") or "" for element in root.iter("parentImage")]
    images = tuple(dict.fromkeys(name for name in named if _IMAGE.fullmatch(name)))
    terms = tuple(term for element in root.iter("major") if (term := (element.text or "").strip()))
    return XmlReport(
        {name: labelled.get(name.upper()) for name in SECTIONS}, terms, images, _places(data), len(named) - len(images)
    )


def _places(data: bytes) -> dict[str, Place]:
    text = normalise(data.decode("utf-8", errors="replace"))
    found: dict[str, Place] = {"findings": _NOWHERE, "impression": _NOWHERE}
    for match in _PLACES.finditer(text):
        inner = match[2].strip()
        start = match.start(2) + match[2].find(inner)
        found[match[1].lower()] = (start, start + len(inner)) if inner else _NOWHERE
    return found
