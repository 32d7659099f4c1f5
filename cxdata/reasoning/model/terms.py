"""What the terms of the sources say about services of others, and who accepted them, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cxdata.model.errors import RefusedError
from cxdata.model.manifest import Manifest
from cxdata.reasoning.model.endpoint import Endpoint

_UNSAID: Final = "its manifest does not say what its terms hold about services of others; ask the provider first"


def accepted_terms(endpoint: Endpoint, manifests: Sequence[Manifest], accepted: Sequence[str]) -> dict[str, str] | None:
    """Source to the name of the terms that the user accepted for it; None for this machine, which needs none.

    Raises RefusedError where the endpoint is another machine and the terms of a source are not named, or where what is
    sent could be read on the way (http).
    """
    if endpoint.is_local:
        return None
    needed = {manifest.slug: terms_name(manifest) for manifest in manifests}
    if missing := [manifest for manifest in manifests if needed[manifest.slug] not in accepted]:
        raise _not_accepted(endpoint, missing, sorted(set(needed.values())))
    if endpoint.scheme != "https":
        raise RefusedError(
            "sentences of reports would go to another machine unencrypted: nothing was sent", where=str(endpoint),
            mend="give an https endpoint, or run the model on this machine",
        )  # fmt: skip
    return needed


def terms_name(manifest: Manifest) -> str:
    """The name by which `--terms-accepted` takes the terms of a source: its manifest's, else the source's own."""
    return manifest.third_party.name if manifest.third_party else manifest.slug


def _not_accepted(endpoint: Endpoint, missing: Sequence[Manifest], names: Sequence[str]) -> RefusedError:
    slugs = ", ".join(manifest.slug for manifest in missing)
    ways = [
        "run the model on this machine (docs/traces-by-model.md), or, where the terms allow this service:",
        f"cxdata reason DIR --writer model --endpoint {endpoint} --terms-accepted {','.join(names)}",
    ]
    return RefusedError(
        f"{endpoint.host} is not this machine, and the terms of {slugs} were not accepted for it: nothing was sent",
        where=str(endpoint), mend="\n".join([*ways, *(line for manifest in missing for line in _told(manifest))]),
    )  # fmt: skip


def _told(manifest: Manifest) -> list[str]:
    third = manifest.third_party
    head = f"{manifest.slug}: {manifest.licence}"
    if third is None:
        return [head, f"  {_UNSAID}"]
    return [head, f"  {third.says}", f"  {third.page}"]
