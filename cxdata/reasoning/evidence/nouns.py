"""A finding that is there as a noun phrase: its row in phrases.yaml, with size and texture out of the evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from cxdata.reasoning.evidence.choices import Choices
from cxdata.reasoning.evidence.features import Features
from cxdata.reasoning.evidence.phrases import Phrases

_SIZES: Final[tuple[str, ...]] = ("tiny", "small", "mild", "moderate", "large", "extensive", "severe")
_WORDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "a": {"tiny": ("tiny", "minute"), "small": ("small",), "mild": ("slight", "mild"), "moderate": ("moderate",),
          "large": ("large",), "extensive": ("extensive",), "severe": ("marked",)},
    "deg": {"tiny": ("minimal",), "small": ("slight", "mild"), "mild": ("mild", "slight"), "moderate": ("moderate",),
            "large": (), "extensive": ("extensive",), "severe": ("marked", "severe")},
    "adv": {"tiny": ("minimally",), "small": ("slightly", "mildly"), "mild": ("mildly", "slightly"),
            "moderate": ("moderately",), "large": (), "extensive": ("extensively",),
            "severe": ("markedly", "severely")},
    "amount": {"tiny": ("a trace of", "a minute amount of"), "small": ("a small amount of",),
               "mild": ("a small amount of",), "moderate": ("a moderate amount of",),
               "large": ("a large amount of",), "extensive": ("a large amount of",), "severe": ()},
}  # fmt: skip
_OF_AMOUNTS: Final = frozenset({"small", "moderate", "large"})
_TEXTURES: Final = {
    "lung": ("linear", "streaky", "plate-like", "patchy", "hazy", "dense", "reticular", "diffuse", "focal",
             "multifocal", "confluent", "nodular", "rounded", "calcified", "ill-defined", "well-defined"),
    "edema": ("interstitial", "alveolar", "diffuse"), "pleura": ("loculated", "layering", "calcified"),
    "bone": ("healed", "displaced"), "side": ("healed", "displaced"), "mediastinum": ("calcified",),
}  # fmt: skip
_SLOT: Final = re.compile(r"\{(a|deg|adv|amount|tex)\}")
_ARTICLE: Final = re.compile(r"\x01(?=(\w+))")
_ONE: Final = re.compile(r"uni|one|use", re.I)


class Noun(NamedTuple):
    """A noun phrase and whether it is plural."""

    text: str
    is_plural: bool


def noun(of: Phrases, told: Features, choose: Choices) -> Noun:
    """One of the finding's noun phrases, in its number, with what the evidence says of size and texture."""
    pattern = choose.pick(of.many if told.many or told.side == "both" else of.seen)
    sizes = [one for one in _SIZES if one in told.sizes][:2]
    texture = _texture(of.where, told, pattern)
    grade = next((slot for slot in ("amount", "deg", "adv", "a") if f"{{{slot}}}" in pattern), None)

    def fill(slot: re.Match[str]) -> str:
        name = slot[1]
        if name == "tex":
            return texture
        size = _size(name, sizes, choose) if name == grade else ""
        return f"\x01 {size}" if name == "a" else size

    return Noun(_with_article(_SLOT.sub(fill, pattern.lstrip("*"))), pattern.startswith("*"))


def _size(slot: str, sizes: Sequence[str], choose: Choices) -> str:
    known = [size for size in sizes if _WORDS[slot][size]]
    words = [choose.pick(_WORDS[slot][size]) for size in known]
    if len(words) == 2 and slot == "amount":
        return f"a {known[0]} to {known[1]} amount of " if set(known) <= _OF_AMOUNTS else ""
    return f"{' to '.join(words)} " if words else ""


def _texture(where: str, told: Features, pattern: str) -> str:
    fit = (one for one in told.textures if one in _TEXTURES.get(where, ()) and one[:5] not in pattern)
    found = next(fit, None)
    return f"{found} " if found else ""


def _with_article(text: str) -> str:
    joined = re.sub(r" +", " ", text)
    return _ARTICLE.sub("", re.sub(r"\x01 (\w+)", _article, joined))


def _article(word: re.Match[str]) -> str:
    first = word[1]
    return f"{'an' if first[0].lower() in 'aeiou' and not _ONE.match(first) else 'a'} {first}"
