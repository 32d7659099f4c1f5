"""The disease tasks against a second, slow reading of the rules: one study at a time, in plain Python, by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest
from facets_for_tests import ANNOTATORS, FOURTEEN, PATHOLOGIES, Study, asked, by_id, material
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# -- what stands in the documents, written down once more ------------------------------------------------------------

OPACITIES = ("Consolidation", "Pneumonia", "Edema", "Atelectasis", "Lung Lesion")
PARENT = {**dict.fromkeys(OPACITIES, "Lung Opacity"), "Cardiomegaly": "Enlarged Cardiomediastinum"}
OVERLAP = (("Pneumonia", "Consolidation"), ("Consolidation", "Atelectasis"))
SALIENT = {"Pneumothorax", "Pleural Effusion", "Edema", "Consolidation", "Pneumonia", "Lung Lesion", "Fracture"}
U_MIXED = {
    "Atelectasis": "u-ones", "Edema": "u-ones", "Enlarged Cardiomediastinum": "u-ones",
    "Consolidation": "u-zeros", "Pneumonia": "u-zeros",
}  # fmt: skip
SUSPECT = ("present", "uncertain", "conflict")
LETTERS = "ABCDEFG"


def related(a: str, b: str) -> bool:
    return PARENT.get(a) == b or PARENT.get(b) == a or (a, b) in OVERLAP or (b, a) in OVERLAP


def stand_together(names: Iterable[str]) -> bool:
    return not any(related(a, b) for a, b in combinations(names, 2))


@dataclass
class Truth:
    """One study: the state of each finding, what blocks it, and what the policy lets it be."""

    study: Study
    split: str
    policy: str
    reference: str
    state: dict[str, str]
    may: dict[str, set[str]]
    contradicts: bool  # No Finding is stated beside a pathology

    def able(self, word: str) -> list[str]:
        return [finding for finding in PATHOLOGIES if word in self.may[finding]]

    def is_silent(self, finding: str) -> bool:
        return self.state[finding] == "not mentioned"

    @property
    def pictures(self) -> list[str]:
        def first(view: str) -> list[str]:
            return [self.study.image(i) for i, each in enumerate(self.study.views) if each == view][:1]

        return (first("PA") or first("AP") or first("FRONTAL")) + first("LATERAL")


def states_of(study: Study, spaces: Mapping[str, Sequence[str]], resolution: str) -> dict[str, str]:
    """Stated, not mentioned or outside; annotators that differ are in conflict."""
    readers = [who for who in spaces if who in study.told]
    if resolution == "first annotator":
        readers = readers[:1]
    states = {}
    for finding in FOURTEEN:
        votes = {study.told[who].get(finding, "not mentioned") for who in readers if finding in spaces[who]}
        states[finding] = "outside" if not votes else votes.pop() if len(votes) == 1 else "conflict"
    return states


def with_conflicts(stated: Mapping[str, str]) -> dict[str, str]:
    out = dict(stated)
    for child, parent in PARENT.items():
        if stated[child] == "present" and stated[parent] == "absent":
            out[child] = out[parent] = "conflict"
    return out


def with_implied(state: Mapping[str, str]) -> dict[str, str]:
    out = dict(state)
    for finding in FOURTEEN:
        children = [state[child] for child, parent in PARENT.items() if parent == finding]
        if state[finding] != "not mentioned":
            continue
        if "present" in children:
            out[finding] = "implied present"
        elif "uncertain" in children:
            out[finding] = "implied uncertain"
        elif finding in PARENT and state[PARENT[finding]] == "absent":
            out[finding] = "implied absent by a parent"
    return out


def with_no_finding(state: Mapping[str, str]) -> dict[str, str]:
    out = dict(state)
    if state["No Finding"] != "present":
        return out
    if any(state[finding] in SUSPECT for finding in PATHOLOGIES):
        out["No Finding"] = "not mentioned"
        return out
    for finding in SALIENT:
        if state[finding] == "not mentioned":
            out[finding] = "implied absent by No Finding"
    return out


def allowed(finding: str, state: str, blocked: bool, policy: str, train: bool) -> set[str]:
    """The table, cell by cell."""
    if policy == "u-mixed":
        policy = U_MIXED.get(finding, "stated")
    yes, no = {"yes", "key"}, {"no", "wrong"}
    if state == "present" or (state == "uncertain" and policy == "u-ones"):
        return yes
    if blocked or (policy == "listed" and not train):
        return set()
    if state == "absent" or (state == "uncertain" and policy == "u-zeros"):
        return no
    like_stated = policy in ("stated", "u-ones", "u-zeros")
    if state == "not mentioned":
        if policy == "closed-world":
            return no
        usable = finding in SALIENT and train and (like_stated or policy == "listed")
        return {"wrong"} if usable else set()
    if state == "implied absent by a parent":
        return no if policy == "closed-world" else {"wrong"} if like_stated else set()
    if state == "implied absent by No Finding":
        if policy in ("closed-world", "listed"):
            return no
        return {"wrong"} if like_stated and train else set()
    return set()


def truths(studies: Sequence[Study], spaces: Mapping[str, Sequence[str]], rules: Mapping[str, Any]) -> list[Truth]:
    """Every study that a disease question may be about: read, with a frontal picture, of a patient with a split."""
    found = []
    for study in studies:
        splits = {other.split for other in studies if other.patient_id == study.patient_id}
        split = next((name for name in ("test", "val", "train") if name in splits), None)
        readers = [who for who in spaces if who in study.told]
        if split is None or not readers or not {"PA", "AP", "FRONTAL"} & set(study.views):
            continue
        policy = rules["train"] if split == "train" else rules["held_out"]
        suspects = with_conflicts(states_of(study, spaces, rules["resolution"]))
        state = with_no_finding(with_implied(suspects))
        may = {}
        for finding in FOURTEEN:
            blocked = any(suspects[other] in SUSPECT for other in FOURTEEN if related(finding, other))
            read_as = policy
            if policy == "closed-world" and finding not in rules["closed_world"]:
                read_as = "stated"
            may[finding] = allowed(finding, state[finding], blocked, read_as, split == "train")
        last = readers[0] if rules["resolution"] == "first annotator" else readers[-1]
        contradicts = suspects["No Finding"] == "present" != state["No Finding"]
        found.append(Truth(study, split, policy, ANNOTATORS[last], state, may, contradicts))
    return found


# -- random tables ---------------------------------------------------------------------------------------------------

SPARSE = ("",) * 6 + ("present", "absent", "uncertain")
DENSE = ("", "present", "absent", "absent", "absent", "uncertain")
NEGATIVE = ("", "absent", "absent", "absent")
VIEWS = (
    ("PA",), ("PA",), ("AP",), ("PA", "LATERAL"), ("AP", "AP"), ("FRONTAL", "LATERAL", "PA"), ("FRONTAL", "OTHER"),
    ("LATERAL", "LATERAL", "AP"), ("LATERAL",), ("OTHER", "UNKNOWN"), (),
)  # fmt: skip
TRAIN = ("stated", "strict", "u-ones", "u-zeros", "u-mixed", "listed", "closed-world")
HELD_OUT = ("strict", "stated", "closed-world", "listed")
SMALL_SPACE = tuple(name for name in FOURTEEN if name not in ("Pleural Other", "Fracture"))


@st.composite
def stated(draw: st.DrawFn) -> dict[str, str]:
    cells = draw(st.sampled_from((SPARSE, DENSE, NEGATIVE)))
    states = draw(st.lists(st.sampled_from(cells), min_size=13, max_size=13))
    normal = draw(st.sampled_from(("", "", "present")))
    return {finding: state for finding, state in zip(FOURTEEN, [normal, *states], strict=True) if state}


@st.composite
def tables(draw: st.DrawFn) -> list[Study]:
    rows = draw(st.lists(st.tuples(
        st.sampled_from(("train",) * 5 + ("val", "test", None)), st.sampled_from(VIEWS), stated(), stated(),
        st.sampled_from(("tool", "tool", "tool", "reader", "both", "nobody")), st.integers(0, 9),
    ), min_size=10, max_size=40))  # fmt: skip
    studies = []
    for i, (split, views, first, second, who, patient) in enumerate(rows):
        small = {finding: state for finding, state in second.items() if finding in SMALL_SPACE}
        told = {"reader": {"reader": first}, "tool": {"tool": small}, "both": {"reader": first, "tool": small}}
        name = f"p{patient}" if patient < 5 else ""
        studies.append(Study(f"s{i:02d}", told.get(who, {}), split, name, views))
    return studies


@st.composite
def rule_sets(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "train": draw(st.sampled_from(TRAIN)),
        "held_out": draw(st.sampled_from(HELD_OUT)),
        "closed_world": sorted(draw(st.sets(st.sampled_from(FOURTEEN), min_size=5))),
        "resolution": draw(st.sampled_from(("first annotator", "first annotator", "unanimous"))),
        "seed": draw(st.integers(0, 3)),
    }


FIRST = {"resolution": "first annotator"}
SPACES = {"reader": FOURTEEN, "tool": SMALL_SPACE}
quick = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


# -- the four tasks --------------------------------------------------------------------------------------------------


def check_frame(row: Mapping[str, Any], truth: Truth) -> None:
    """What every disease row says of its study."""
    assert row["image_ids"] == truth.pictures
    assert (row["split"], row["split_official"]) == (truth.split, truth.study.split)
    assert (row["label_policy"], row["reference"]) == (truth.policy, truth.reference)
    assert row["study_key"] == f"made-up:{truth.study.name}"
    assert row["patient_keys"] == [row["patient_key"]] == [f"made-up:{truth.study.patient_id}"]


def slug(finding: str) -> str:
    return finding.lower().replace(" ", "-")


def check_binary(rows: dict[str, dict[str, Any]], told: list[Truth]) -> None:
    wanted = {
        f"{truth.study.name}:{slug(finding)}": (truth, finding)
        for truth in told for finding in FOURTEEN[1:] if truth.may[finding] & {"yes", "no"}
    }  # fmt: skip
    assert rows.keys() == wanted.keys()
    for key, (truth, finding) in wanted.items():
        row, yes = rows[key], "yes" in truth.may[finding]
        check_frame(row, truth)
        assert (row["asked_finding"], row["answer"]) == (finding, "Yes" if yes else "No")
        assert row["labels"] == ([finding] if yes else [])
        assert sorted(row["options"]) == ["No", "Yes"]
        assert row["options"]["AB".index(row["answer_letter"])] == row["answer"]


def three_can_stand_beside(key: str, wrong: Sequence[str]) -> bool:
    free = [finding for finding in wrong if not related(finding, key)]
    return any(stand_together(three) for three in combinations(free, 3))


def check_absent_first(options: Sequence[str], chosen: Sequence[str], truth: Truth) -> None:
    """In the place of an option that is only not mentioned no stated absence could have stood."""
    spare = [f for f in truth.able("wrong") if not truth.is_silent(f) and f not in options]
    ranked = truth.policy in ("stated", "u-ones", "u-zeros", "u-mixed")
    silent = [f for f in chosen if f != "No Finding" and truth.is_silent(f)] if ranked else []
    for option in silent:
        rest = [other for other in options if other != option]
        assert not [f for f in spare if stand_together([f, *rest])], (options, truth)


def check_single(rows: dict[str, dict[str, Any]], told: list[Truth]) -> None:
    wanted, normal = {}, {}
    for truth in told:
        for key in truth.able("key"):
            if three_can_stand_beside(key, truth.able("wrong")):
                wanted[f"{truth.study.name}:{slug(key)}"] = (truth, key)
        if truth.state["No Finding"] == "present" and three_can_stand_beside("No Finding", truth.able("wrong")):
            normal[f"{truth.study.name}:no-finding"] = (truth, "No Finding")
    assert wanted.keys() <= rows.keys() <= wanted.keys() | normal.keys()
    for key, row in rows.items():
        check_single_row(row, *(wanted | normal)[key])
    for split in ("train", "val", "test"):
        check_no_finding_share(rows, {k: v for k, v in wanted.items() if v[0].split == split},
                               [k for k, v in normal.items() if v[0].split == split])  # fmt: skip


def check_single_row(row: Mapping[str, Any], truth: Truth, key: str) -> None:
    check_frame(row, truth)
    options, distractors = row["options"], [option for option in row["options"] if option != key]
    assert len(options) == len(set(options)) == 4
    assert (row["answer"], row["labels"]) == (key, [key])
    assert options["ABCD".index(row["answer_letter"])] == key
    assert stand_together(options)
    assert "Support Devices" not in options
    for option in distractors:
        beside_present = option == "No Finding" and truth.state[key] == "present" and not truth.contradicts
        assert beside_present or option in truth.able("wrong")
        assert truth.state[option] != "present"
    if truth.policy == "strict":
        assert all(truth.state[option] == "absent" for option in distractors if option != "No Finding")
    check_absent_first(options, distractors, truth)
    explained = "no abnormality besides devices" in row["question"] or "nothing is abnormal; devices" in row["question"]
    assert explained == ("No Finding" in options)


def check_no_finding_share(
    rows: dict[str, dict[str, Any]], wanted: dict[str, tuple[Truth, str]], normal: list[str]
) -> None:
    """With three questions of a stated key for each of No Finding, all offer it, and it is the key in a quarter."""
    stated_keys = [
        key for key, (truth, finding) in wanted.items()
        if truth.state[finding] == "present" and not truth.contradicts
    ]  # fmt: skip
    kept = [key for key in normal if key in rows]
    offer = [key for key in stated_keys if "No Finding" in rows[key]["options"]]
    if len(stated_keys) >= 3 * len(normal):
        assert kept == normal
    if len(stated_keys) <= 3 * len(normal):
        assert offer == stated_keys
    if not stated_keys:
        assert not kept


def check_multi(rows: dict[str, dict[str, Any]], told: list[Truth]) -> None:
    wanted = {}
    for truth in told:
        keys, wrong = truth.able("key"), truth.able("wrong")
        threes = (three for three in combinations([*keys, *wrong], 3) if stand_together(three))
        if any(set(three) & set(keys) and set(three) & set(wrong) for three in threes):
            wanted[truth.study.name] = truth
    assert rows.keys() == wanted.keys()
    for key, row in rows.items():
        check_multi_row(row, wanted[key])


def check_multi_row(row: Mapping[str, Any], truth: Truth) -> None:
    check_frame(row, truth)
    options = row["options"]
    keys = [option for option in options if option in truth.able("key")]
    wrong = [option for option in options if option in truth.able("wrong")]
    assert 3 <= len(options) == len(set(options)) <= 7
    assert sorted(keys + wrong) == sorted(options)
    assert keys
    assert wrong
    assert row["labels"] == keys
    assert row["answer"] == ", ".join(keys)
    assert row["answer_letter"] == ", ".join(LETTERS[options.index(key)] for key in keys)
    assert stand_together(options)
    if truth.policy == "strict":
        assert all(truth.state[option] == "absent" for option in wrong)
    check_absent_first(options, wrong, truth)


def scored_absent(truth: Truth) -> set[str]:
    """Absent by the policy: stated or implied so; of what is not mentioned only what the policy answers No."""
    return {f for f in truth.able("wrong") if not truth.is_silent(f) or "no" in truth.may[f]}


def check_open(rows: dict[str, dict[str, Any]], told: list[Truth]) -> None:
    wanted = {}
    for truth in told:
        labels = truth.able("key") or (["No Finding"] if truth.state["No Finding"] == "present" else [])
        if labels:
            wanted[truth.study.name] = (truth, labels)
    assert rows.keys() == wanted.keys()
    space = set(FOURTEEN) - {"Support Devices"}
    for key, (truth, labels) in wanted.items():
        row = rows[key]
        check_frame(row, truth)
        assert sorted(row["labels"]) == sorted(labels)
        assert row["answer"] == ", ".join(row["labels"])
        assert (row["options"], row["answer_letter"]) == (None, None)
        # a pathology refutes No Finding, which is then scored; labels that claim both leave it open
        normal = set() if truth.contradicts else {"No Finding"}
        assert row["scored_labels"] == sorted({*labels, *scored_absent(truth), *normal})
        assert row["ignored_labels"] == sorted(space - set(row["scored_labels"]))


CHECKS = {
    "disease_binary": check_binary, "disease_single_choice": check_single, "disease_multi_choice": check_multi,
    "disease_open": check_open,
}  # fmt: skip


def check_all(studies: list[Study], rules: Mapping[str, Any]) -> None:
    told = truths(studies, SPACES, rules)
    of = material(studies, spaces=SPACES, **rules)
    for name, check in CHECKS.items():
        check(by_id(asked(name, of)), told)


@quick
@given(tables(), rule_sets())
def test_disease_questions_are_those_of_the_plain_reading(studies: list[Study], rules: dict[str, Any]) -> None:
    check_all(studies, rules)


@pytest.mark.parametrize(("train", "held_out"), [
    *((train, "strict") for train in TRAIN), *(("stated", held_out) for held_out in HELD_OUT[1:])
])  # fmt: skip
def test_every_policy_reads_every_state_of_every_finding(train: str, held_out: str) -> None:
    rules = {"train": train, "held_out": held_out, "closed_world": FOURTEEN[:9], "seed": 1, **FIRST}
    studies: list[Study] = []
    for split in ("train", "test"):
        for rest in ("", "absent", "present", "uncertain"):
            for finding in FOURTEEN[1:]:
                for state in ("", "present", "absent", "uncertain"):
                    others = {other: rest for other in FOURTEEN[1:] if rest}
                    told = {f: s for f, s in {**others, finding: state}.items() if s}
                    normal = {"No Finding": "present"} if rest != "present" else {}
                    studies.append(Study(f"s{len(studies):03d}", {"reader": {**told, **normal}}, split))
    check_all(studies, rules)
