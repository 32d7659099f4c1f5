"""Private methods of TRL and transformers that the trainer stands on: a changed source must be looked at before use."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
from pathlib import Path

import pytest

from cxmind_train.requirements import PINS, missing

GOLDEN = Path(__file__).parent / "golden" / "trl_private.json"
pytestmark = pytest.mark.skipif(bool(missing("torch", "transformers", "trl")), reason="pip install 'cxdata[train]'")


def sources() -> dict[str, str]:
    from cxmind_train.engines.trl import PRIVATE

    told = {}
    for owner, names in PRIVATE.items():
        module, _, kind = owner.partition(".")
        cls = getattr(importlib.import_module(module), kind)
        for name in names:
            text = inspect.getsource(inspect.unwrap(getattr(cls, name)))
            told[f"{owner}.{name}"] = hashlib.sha256(text.encode()).hexdigest()
    return told


def test_private_methods_are_those_that_were_read(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(json.dumps(sources(), indent=1, sort_keys=True) + "\n")
    changed = [name for name, digest in json.loads(GOLDEN.read_text()).items() if sources()[name] != digest]
    assert not changed, "read these again, mend cxmind_train/engines/trl.py, then --update-golden"


@pytest.mark.parametrize("name", ["transformers", "trl"])
def test_the_installed_version_is_the_pinned_one(name: str) -> None:
    assert importlib.import_module(name).__version__ == PINS[name]
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert f'"{name}=={PINS[name]}"' in text


def test_arguments_are_fields_of_the_configs() -> None:
    from trl import GRPOConfig, SFTConfig

    from cxmind_train.config import VERBS, recipe_for
    from cxmind_train.engines.arguments import grpo_arguments, sft_arguments

    for verb in VERBS:
        for changes in ((), ("vllm.mode=server",)):
            recipe = recipe_for(verb, None, changes)
            made = sft_arguments if verb == "sft" else grpo_arguments
            config = SFTConfig if verb == "sft" else GRPOConfig
            unknown = set(made(recipe, Path("run"), recipe.device.gpus)) - set(config.__dataclass_fields__)
            assert not unknown


@pytest.mark.parametrize("name", ["zero3", "fsdp2"])
def test_accelerate_knows_every_key_of_the_shipped_files(name: str) -> None:
    import yaml
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    import cxmind_train

    path = Path(str(cxmind_train.__file__)).parent / "accelerate" / f"{name}.yaml"
    config = load_config_from_file(str(path))
    assert config.num_processes == 4
    known = {action.dest for action in launch_command_parser()._actions}
    told = yaml.safe_load(path.read_text())
    inner = told.get("fsdp_config") or told.get("deepspeed_config")
    assert set(inner) <= known, set(inner) - known
