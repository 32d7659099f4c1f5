"""Which endpoint is this machine, what another one needs, and that nothing is sent before."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import ValidationError

from cxdata.model.errors import RefusedError, UsageError
from cxdata.model.manifest import Manifest
from cxdata.model.terms import shared_terms
from cxdata.reasoning.model.endpoint import DEFAULT, endpoint
from cxdata.reasoning.model.terms import accepted_terms
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources

LOCAL = (
    DEFAULT, "http://localhost:8000/v1", "http://LOCALHOST/v1/", "http://127.8.9.10:1/v1", "http://[::1]:8000/v1",
    "https://localhost/v1",
)  # fmt: skip
FAR = (
    "http://203.0.113.7/v1", "https://api.example.org/v1", "http://0.0.0.0:8000/v1", "http://[::]:8000/v1",
    "http://localhost.example.org/v1", "http://127.0.0.1.example.org/v1", "http://127.1/v1", "http://2130706433/v1",
    "http://0x7f000001/v1", "http://[::ffff:127.0.0.1]/v1", "http://192.168.1.5:8000/v1", "http://gpu7:8000/v1",
)  # fmt: skip
WRONG = (
    "", "localhost:8000", "127.0.0.1:8000/v1", "ftp://localhost/v1", "unix:///run/x", "http://", "http:///v1",
    "http://user:secret@localhost/v1", "http://127.0.0.1\\@example.org/v1", "http://localhost/v1?key=secret",
    "http://localhost/v1#x", "http://local host/v1", "http://localhost/v1\r\nX: y", "http://lοcalhost/v1",
    "http://localhost:99999/v1", "http://localhost:x/v1", "http://127.0.0.1%2eexample.org/v1", "http://[::1/v1",
    "http://[fe80::1%25eth0]/v1", "http://localhost./v1", "http://127.0.0.1./v1",
    "http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1/models",
)  # fmt: skip


@pytest.fixture(scope="module")
def known() -> dict[str, Source]:
    return sources()


@pytest.mark.parametrize("url", LOCAL)
def test_this_machine(url: str, known: dict[str, Source]) -> None:
    assert endpoint(url).is_local
    assert all(address in ("::1", "localhost") or address.startswith("127.") for address in endpoint(url).addresses)
    assert accepted_terms(endpoint(url), [known["mimic"].manifest], ()) is None


@pytest.mark.parametrize("url", FAR)
def test_another_machine(url: str, known: dict[str, Source]) -> None:
    assert not endpoint(url).is_local
    with pytest.raises(RefusedError, match="were not accepted"):
        accepted_terms(endpoint(url), [known["mimic"].manifest], ())


@pytest.mark.parametrize("url", WRONG)
def test_no_endpoint(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint(url)
    assert "secret" not in str(caught.value)


def test_a_port_and_a_path_are_kept() -> None:
    assert str(endpoint("https://API.example.org/openai/v1/")) == "https://api.example.org:443/openai/v1"
    assert str(endpoint("http://[::1]:8000/v1")) == "http://[::1]:8000/v1"


def test_the_refusal_says_what_the_terms_of_each_source_say(known: dict[str, Source]) -> None:
    manifests = [known[slug].manifest for slug in ("mimic", "chexpert", "openi")]
    with pytest.raises(RefusedError) as caught:
        accepted_terms(endpoint("https://api.example.org/v1"), manifests, ("physionet-credentialed",))
    text = str(caught.value)
    assert "nothing was sent" in text
    assert "prior written permission" in text
    assert "--terms-accepted cc-by-nc-nd-4.0,physionet-credentialed,stanford-research-use" in text
    assert "PhysioNet counts" not in text  # its terms were accepted
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("name", ["yes", "mimic", "all", "physionet", "", "PhysioNet-Credentialed"])
def test_terms_are_accepted_by_their_own_name_alone(name: str, known: dict[str, Source]) -> None:
    with pytest.raises(RefusedError):
        accepted_terms(endpoint("https://api.example.org/v1"), [known["mimic"].manifest], (name,))


def test_accepted_terms_are_told_by_source(known: dict[str, Source]) -> None:
    manifests = [known["mimic"].manifest, known["vindr-cxr"].manifest]
    accepted = accepted_terms(endpoint("https://api.example.org/v1"), manifests, ("physionet-credentialed",))
    assert accepted == {"mimic": "physionet-credentialed", "vindr-cxr": "physionet-credentialed"}


def test_nothing_goes_to_another_machine_unencrypted(known: dict[str, Source]) -> None:
    with pytest.raises(RefusedError, match="unencrypted"):
        accepted_terms(endpoint("http://203.0.113.7/v1"), [known["mimic"].manifest], ("physionet-credentialed",))


def test_a_source_that_does_not_say_is_asked_by_its_own_name(known: dict[str, Source]) -> None:
    silent = known["mimic"].manifest.model_copy(update={"third_party": None})
    with pytest.raises(RefusedError, match="does not say"):
        accepted_terms(endpoint("https://api.example.org/v1"), [silent], ("physionet-credentialed",))
    assert accepted_terms(endpoint("https://api.example.org/v1"), [silent], ("mimic",)) == {"mimic": "mimic"}


def test_every_restricted_source_says_what_its_terms_say_of_services(known: dict[str, Source]) -> None:
    restricted = [source.manifest for source in known.values() if source.manifest.restricted]
    assert restricted
    assert not [manifest.slug for manifest in restricted if manifest.third_party is None]


def test_terms_that_several_sources_are_under_are_told_once(known: dict[str, Source]) -> None:
    texts = [file.read_text() for file in Path(str(files("cxdata"))).rglob("*.y*ml")]
    said = [third.says for source in known.values() if (third := source.manifest.third_party)]
    assert {name for name, terms in shared_terms().items() if said.count(terms.says) > 1} == {
        "physionet-credentialed", "cc-by-nc-nd-4.0"
    }  # fmt: skip
    words = " ".join(" ".join(texts).split())
    assert all(words.count(one) == 1 for one in set(said))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("physionet", "no terms are called 'physionet': one of physionet-credentialed"),
        ({"name": "physionet-credentialed", "says": "Anything goes.", "page": "x"}, "write the name alone"),
    ],
)
def test_terms_that_are_not_in_the_table_or_contradict_it_are_refused(
    known: dict[str, Source], told: object, why: str
) -> None:
    content = {**known["mimic"].manifest.model_dump(), "third_party": told}
    with pytest.raises(ValidationError, match=why):
        Manifest.model_validate(content)


def test_no_other_module_of_the_package_opens_a_connection() -> None:
    code = "import sys, cxdata.cli.app; sys.exit(any(name in sys.modules for name in ('http.client', 'ssl')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
