"""Which sources a mix takes: those that it names, and those that carry one of its tags."""

from __future__ import annotations

from collections.abc import Mapping

from cxdata.mix.config import MixConfig
from cxdata.model.errors import UsageError
from cxdata.sources.base import Source


def with_sources(config: MixConfig, sources: Mapping[str, Source]) -> MixConfig:
    """The config with `sources` named one by one; as it is where it has no tags.

    Raises UsageError where no source carries any of the tags.
    """
    if config.tags is None:
        return config
    tagged = {slug for slug, source in sources.items() if set(source.manifest.tags) & set(config.tags)}
    if not tagged:
        raise UsageError(
            f"no source has a tag of {', '.join(config.tags)}", where="tags",
            mend="`cxdata sources` lists the tags of each; --include-path names folders of further sources",
        )  # fmt: skip
    return config.model_copy(update={"sources": tuple(sorted(tagged | set(config.sources or ())))})
