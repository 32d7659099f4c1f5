from __future__ import annotations

import itertools
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.facets import FACETS
from cxdata.model.hashing import digest
from cxdata.model.manifest import Annotator, Labels
from cxdata.model.policies import POLICIES, U_MIXED, VERSION, Use, policy_table_markdown, uses
from cxdata.model.states import BLOCKED, Effective, effective, stated_wide
from cxdata.model.vocabulary import Finding, Vocabulary, vocabulary

# A changed table changes every question: raise VERSION in policies.py and add the digest here.
DIGESTS = {1: "85f4788d033ac027ad05a2806d49227efa265df1f9866bf22a98813c5d580612"}


# -- the rules once more, slow and plain, one study at a time --------------------------------------------------------


class Plain(NamedTuple):
    """A finding of a small made-up vocabulary."""

    name: str
    kind: str
    parents: tuple[str, ...]
    overlaps: tuple[str, ...]
    salient: bool
    visible: str


def above(name: str, rows: dict[str, Plain]) -> set[str]:
    found = set()
    for parent in rows[name].parents:
        found |= {parent} | above(parent, rows)
    return found


def relatives(name: str, rows: dict[str, Plain]) -> set[str]:
    overlap = {other for other in rows if other in rows[name].overlaps or name in rows[other].overlaps}
    return overlap | above(name, rows) | {other for other in rows if name in above(other, rows)}


def is_salient(name: str, rows: dict[str, Plain]) -> bool:
    return any(rows[each].salient for each in {name} | above(name, rows))


OPEN = ("PRESENT", "UNCERTAIN", "CONFLICT")


class Told(NamedTuple):
    """What one study's stated labels amount to."""

    state: dict[str, str]
    blocked: dict[str, bool]
    dropped: bool


def plain_effective(stated: dict[str, str], rows: dict[str, Plain]) -> Told:
    # 2. a parent absent with a child present
    after_two = dict(stated)
    for child, parent in itertools.permutations(rows, 2):
        if parent in above(child, rows) and stated[child] == "PRESENT" and stated[parent] == "ABSENT":
            after_two[child] = after_two[parent] = "CONFLICT"
    # 3. implied by relatives
    state = {name: plain_implied(name, after_two, rows) for name in rows}
    # 4. No Finding
    normal = state.get("No Finding") == "PRESENT"
    dropped = normal and any(rows[name].kind == "finding" and state[name] in OPEN for name in rows)
    for name in rows if normal and not dropped else ():
        if is_salient(name, rows) and state[name] == "NOT_MENTIONED":
            state[name] = "IMPLIED_ABSENT_NO_FINDING"
    if dropped:
        state["No Finding"] = "NOT_MENTIONED"
    # 5. related to one that is present, uncertain or in conflict
    blocked = {name: any(after_two[other] in OPEN for other in relatives(name, rows)) for name in rows}
    return Told(state, blocked, dropped)


def plain_implied(name: str, state: dict[str, str], rows: dict[str, Plain]) -> str:
    children = [state[other] for other in rows if name in above(other, rows)]
    parents = [state[other] for other in above(name, rows)]
    if state[name] != "NOT_MENTIONED":
        return state[name]
    if "PRESENT" in children:
        return "IMPLIED_PRESENT"
    if "UNCERTAIN" in children:
        return "IMPLIED_UNCERTAIN"
    return "IMPLIED_ABSENT_PARENT" if "ABSENT" in parents else "NOT_MENTIONED"


LAW = """
state                     | stated                                   | strict    | listed                | closed-world
PRESENT                   | Yes, key                                 | Yes, key  | Yes, key              | Yes, key
ABSENT                    | No, wrong                                | No, wrong | No, wrong             | No, wrong
UNCERTAIN                 |                                          |           |                       |
CONFLICT                  |                                          |           |                       |
NOT_MENTIONED salient     | wrong, train only, after absent ones     |           | wrong, train only     | No, wrong
NOT_MENTIONED             |                                          |           |                       | No, wrong
IMPLIED_PRESENT           |                                          |           |                       |
IMPLIED_UNCERTAIN         |                                          |           |                       |
IMPLIED_ABSENT_PARENT     | wrong                                    |           |                       | No, wrong
IMPLIED_ABSENT_NO_FINDING | wrong, train only, if salient            |           | No, wrong, train only | No, wrong
OUTSIDE                   |                                          |           |                       |
"""
CELLS = {
    (line.split("|")[0].strip(), column.strip()): cell.strip()
    for head, *body in [LAW.strip().splitlines()]
    for line in body
    for column, cell in zip(head.split("|")[1:], line.split("|")[1:], strict=True)
}


def plain_uses(
    name: str, told: Told, rows: dict[str, Plain], policy: str, train: bool, closed: set[str] | None
) -> set[str]:
    state, salient = told.state[name], is_salient(name, rows)
    if rows[name].visible == "no":
        return set()
    if policy == "u-mixed":
        policy = {"Atelectasis": "u-ones", "Edema": "u-ones", "Enlarged Cardiomediastinum": "u-ones",
                  "Consolidation": "u-zeros", "Pneumonia": "u-zeros"}.get(name, "stated")  # fmt: skip
    if policy == "read" or (policy == "closed-world" and closed is not None and name not in closed):
        policy = "stated"
    if policy in ("u-ones", "u-zeros") and state == "UNCERTAIN":
        words = {"Yes", "key"} if policy == "u-ones" else {"No", "wrong"}
    else:
        row = "NOT_MENTIONED salient" if state == "NOT_MENTIONED" and salient else state
        column = "stated" if policy.startswith("u-") else policy
        words = set(CELLS[row, column].split(", ")) - {""}
    if ("train only" in words or policy == "listed") and not train:
        words -= {"No", "wrong"}
    if "if salient" in words and not salient:
        words = set()
    if told.blocked[name]:
        words -= {"No", "wrong"}
    if "wrong" not in words:
        words -= {"after absent ones"}
    return words - {"train only", "if salient"}


FLAGS = {"Yes": Use.YES, "key": Use.KEY, "No": Use.NO, "wrong": Use.WRONG, "after absent ones": Use.SECOND}
STATED = ("OUTSIDE", "NOT_MENTIONED", "PRESENT", "ABSENT", "UNCERTAIN", "CONFLICT")
NAMES = ("Edema", "Pneumonia", "Alpha", "Beta", "Gamma", "Delta")


@st.composite
def small_vocabularies(draw: st.DrawFn, most: int) -> dict[str, Plain]:
    rows: dict[str, Plain] = {}
    for name in draw(st.permutations(NAMES))[: draw(st.integers(1, most))]:
        kind = draw(st.sampled_from(["finding", "finding", "finding", "device"]))
        like = [other for other, row in rows.items() if row.kind == kind]
        parents = tuple(draw(st.lists(st.sampled_from(like), max_size=2, unique=True))) if like else ()
        overlaps = tuple(draw(st.lists(st.sampled_from(list(rows)), max_size=2, unique=True))) if rows else ()
        salient = kind == "finding" and draw(st.booleans())
        rows[name] = Plain(
            name, kind, parents, overlaps, salient, draw(st.sampled_from(["yes", "yes", "suggestive", "no"]))
        )
    if draw(st.booleans()):
        rows["No Finding"] = Plain("No Finding", "normal", (), (), False, "yes")
    return rows


def real(rows: dict[str, Plain]) -> Vocabulary:
    return Vocabulary(Finding.model_validate({"phrase": "x", **row._asdict()}) for row in rows.values())


def frame_of(studies: list[dict[str, str]]) -> pl.LazyFrame:
    columns = {name: [int(Effective[study[name]]) for study in studies] for name in studies[0]}
    ids = pl.Series("study_id", [f"s{i}" for i in range(len(studies))])
    return pl.LazyFrame({"study_id": ids, **{name: pl.Series(codes, dtype=pl.Int8) for name, codes in columns.items()}})


def check_against_the_plain_reading(
    rows: dict[str, Plain], studies: list[dict[str, str]], closed: set[str] | None
) -> None:
    space, words = list(rows), real(rows)
    told = [plain_effective(study, rows) for study in studies]
    found = effective(frame_of(studies), space, words).collect()
    assert found["no_finding_dropped"].to_list() == [each.dropped for each in told]
    for name in space:
        assert [Effective(code).name for code in found[name]] == [each.state[name] for each in told]
        assert found[BLOCKED + name].to_list() == [each.blocked[name] for each in told]
    for policy, train in itertools.product(POLICIES, (True, False)):
        if (policy.startswith("u-") or policy == "read") and not train:
            continue
        flags = uses(found.lazy(), space, words, policy, train, closed).collect()
        assert set(flags.columns) == {"study_id", "no_finding_dropped", *space}
        for name in space:
            wanted = [sum(FLAGS[w] for w in plain_uses(name, each, rows, policy, train, closed)) for each in told]
            assert flags[name].to_list() == wanted, (name, policy, train)
            assert flags.schema[name] == pl.UInt8


quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


RELATIONS = {"none": ((), ()), "is_a": (("Edema",), ()), "overlap": ((), ("Edema",))}


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("kind", ["finding", "device"])
def test_every_combination_of_states_reads_as_the_table_says(relation: str, kind: str) -> None:
    parents, overlaps = RELATIONS[relation]
    own_kind = kind if relation != "is_a" else "finding"
    for salient, own, normal in itertools.product((True, False), repeat=3):
        rows = {
            "Edema": Plain("Edema", "finding", (), (), salient, "yes"),
            "Pneumonia": Plain("Pneumonia", own_kind, parents, overlaps, own and own_kind == "finding", "suggestive"),
            **({"No Finding": Plain("No Finding", "normal", (), (), False, "yes")} if normal else {}),
        }
        studies = [dict(zip(rows, states, strict=True)) for states in itertools.product(STATED, repeat=len(rows))]
        check_against_the_plain_reading(rows, studies, {"Edema"} if own else None)


@quick
@given(st.data())
def test_larger_vocabularies_read_as_the_table_says(data: st.DataObject) -> None:
    rows = data.draw(small_vocabularies(most=6))
    study = st.fixed_dictionaries({name: st.sampled_from(STATED) for name in rows})
    closed = data.draw(st.none() | st.sets(st.sampled_from(list(rows))))
    check_against_the_plain_reading(rows, data.draw(st.lists(study, min_size=1, max_size=40)), closed)


# -- single rules, in words ------------------------------------------------------------------------------------------


def told(**states: str) -> dict[str, object]:
    """The effective row of one study of the shipped vocabulary; names with underscores for spaces."""
    stated = {name.replace("_", " "): state for name, state in states.items()}
    row = effective(frame_of([stated]), list(stated), vocabulary()).collect().row(0, named=True)
    return {key: Effective(value).name if key in stated else value for key, value in row.items()}


def test_parent_absent_and_grandchild_present_are_in_conflict_and_imply_nothing() -> None:
    row = told(Lung_Opacity="ABSENT", Lung_Lesion="NOT_MENTIONED", Nodule="PRESENT", Edema="NOT_MENTIONED")
    assert (row["Lung Opacity"], row["Nodule"]) == ("CONFLICT", "CONFLICT")
    assert (row["Lung Lesion"], row["Edema"]) == ("NOT_MENTIONED", "NOT_MENTIONED")
    assert row["blocked:Edema"]
    assert row["blocked:Lung Lesion"]


def test_children_imply_their_parents_and_present_goes_before_uncertain() -> None:
    row = told(Lung_Opacity="NOT_MENTIONED", Edema="UNCERTAIN", Consolidation="PRESENT", Pneumothorax="NOT_MENTIONED")
    assert row["Lung Opacity"] == "IMPLIED_PRESENT"
    assert told(Lung_Opacity="NOT_MENTIONED", Edema="UNCERTAIN")["Lung Opacity"] == "IMPLIED_UNCERTAIN"
    assert told(Lung_Opacity="OUTSIDE", Edema="PRESENT")["Lung Opacity"] == "OUTSIDE"


def test_no_finding_stands_beside_devices_but_not_beside_a_pathology() -> None:
    alone = told(
        No_Finding="PRESENT", Pneumothorax="NOT_MENTIONED", Cardiomegaly="NOT_MENTIONED", Support_Devices="PRESENT"
    )
    assert (alone["No Finding"], alone["no_finding_dropped"]) == ("PRESENT", False)
    assert (alone["Pneumothorax"], alone["Cardiomegaly"]) == ("IMPLIED_ABSENT_NO_FINDING", "NOT_MENTIONED")
    beside = told(No_Finding="PRESENT", Pneumothorax="NOT_MENTIONED", Cardiomegaly="UNCERTAIN")
    assert (beside["No Finding"], beside["no_finding_dropped"]) == ("NOT_MENTIONED", True)
    assert beside["Pneumothorax"] == "NOT_MENTIONED"


def test_an_unknown_finding_in_the_space_is_named() -> None:
    with pytest.raises(CxdataError, match="no finding 'Efusion'"):
        effective(frame_of([{"Efusion": "PRESENT"}]), ["Efusion"], vocabulary())


def test_u_policies_and_unknown_names_are_refused() -> None:
    frame = effective(frame_of([{"Edema": "UNCERTAIN"}]), ["Edema"], vocabulary())
    for policy in ("u-ones", "u-zeros", "u-mixed"):
        with pytest.raises(UsageError, match=f"label policy {policy} is for train only"):
            uses(frame, ["Edema"], vocabulary(), policy, train=False)
    with pytest.raises(UsageError, match="unknown label policy 'lenient'"):
        uses(frame, ["Edema"], vocabulary(), "lenient", train=True)


def test_u_mixed_names_findings_of_the_vocabulary() -> None:
    assert set(U_MIXED) <= set(vocabulary().names)


def test_the_table_does_not_change_without_a_new_version() -> None:
    assert digest(policy_table_markdown()) == DIGESTS[VERSION]


def test_the_table_as_markdown_has_one_row_a_state_and_one_column_a_policy() -> None:
    lines = [line for line in policy_table_markdown().splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {8}
    assert len(lines) == 2 + len(Effective) + 1
    assert "| absent | No, wrong | No, wrong | No, wrong, train only | No, wrong | No, wrong | No, wrong |" in lines


# -- from facets to one row a study ----------------------------------------------------------------------------------

SPACE = ["Edema", "Nodule", "Fracture"]


def labels(resolution: str = "first annotator", how: str = "every case") -> Labels:
    first = Annotator(name="reader", reference="R2", how="every case", findings=("Edema", "Nodule"))
    second = Annotator.model_validate(
        {"name": "tool", "reference": "R4", "how": how, "findings": ("Edema", "Fracture")}
    )
    return Labels.model_validate(
        {"resolution": resolution, "annotators": (first, second), "policy_train": "stated", "policy_eval": "strict"}
    )


def readings(*rows: tuple[str, str | None, str, int]) -> pl.LazyFrame:
    frame = pl.DataFrame(rows, schema=["study_id", "image_id", "annotator", "origin_row"], orient="row")
    full = frame.with_columns(origin_file="annotator").select(*FACETS["readings"])
    return full.cast(FACETS["readings"]).lazy()  # type: ignore[arg-type]


def findings(*rows: tuple[str, str | None, str, str, str | None]) -> pl.LazyFrame:
    frame = pl.DataFrame(rows, schema=["study_id", "image_id", "annotator", "finding", "state"], orient="row")
    rest = [pl.lit(None, kind).alias(name) for name, kind in FACETS["findings"].items() if name not in frame.columns]
    return frame.with_columns(rest).select(*FACETS["findings"]).cast(FACETS["findings"]).lazy()  # type: ignore[arg-type]


def states_of(frame: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    return {
        row[0]: tuple(Effective(code).name for code in row[1:]) for row in frame.select("study_id", *SPACE).iter_rows()
    }


def test_the_first_annotator_that_read_a_study_speaks_alone() -> None:
    read = readings(
        ("s2", None, "tool", 9), ("s1", None, "tool", 8), ("s1", None, "reader", 7), ("s3", None, "stranger", 1)
    )
    said = findings(
        ("s1", None, "tool", "Edema", "present"), ("s1", None, "reader", "Nodule", "absent"),
        ("s2", None, "tool", "Edema", "uncertain"), ("s3", None, "stranger", "Edema", "present"),
        ("s2", None, "tool", "Mass", "present"),
    )  # fmt: skip
    wide = stated_wide(said, read, labels(), SPACE).collect()
    assert states_of(wide) == {
        "s1": ("NOT_MENTIONED", "ABSENT", "OUTSIDE"),
        "s2": ("UNCERTAIN", "OUTSIDE", "NOT_MENTIONED"),
    }
    assert wide.columns == ["study_id", "annotator", "reference", "origin_file", "origin_row", *SPACE]
    assert wide.drop(SPACE).rows() == [("s1", "reader", "R2", "reader", 7), ("s2", "tool", "R4", "tool", 9)]
    assert {wide.schema[name] for name in SPACE} == {pl.Int8()}


def test_rows_of_several_images_are_taken_together() -> None:
    read = readings(("s1", "i2", "reader", 12), ("s1", "i1", "reader", 11))
    said = findings(
        ("s1", "i1", "reader", "Edema", "present"), ("s1", "i2", "reader", "Edema", "present"),
        ("s1", "i1", "reader", "Nodule", "present"), ("s1", "i2", "reader", "Nodule", "absent"),
    )  # fmt: skip
    wide = stated_wide(said, read, labels(), SPACE).collect()
    assert states_of(wide) == {"s1": ("PRESENT", "CONFLICT", "OUTSIDE")}
    assert wide["origin_row"].to_list() == [11]


def test_an_unreadable_state_is_a_conflict_and_a_stated_label_counts_outside_the_space() -> None:
    said = findings(("s1", None, "reader", "Edema", None), ("s1", None, "reader", "Fracture", "present"))
    wide = stated_wide(said, readings(("s1", None, "reader", 1)), labels(), SPACE).collect()
    assert states_of(wide) == {"s1": ("CONFLICT", "NOT_MENTIONED", "PRESENT")}


def test_a_study_without_any_stated_label_is_read_all_the_same() -> None:
    wide = stated_wide(findings(), readings(("s1", None, "tool", 1)), labels(), SPACE).collect()
    assert states_of(wide) == {"s1": ("NOT_MENTIONED", "OUTSIDE", "NOT_MENTIONED")}


def test_unanimous_annotators_that_differ_are_in_conflict() -> None:
    read = readings(
        *((f"s{i}", None, who, i) for i in (1, 2, 3) for who in ("tool", "reader")), ("s4", None, "tool", 4)
    )
    said = findings(
        ("s1", None, "tool", "Edema", "absent"), ("s1", None, "reader", "Edema", "absent"),
        ("s2", None, "tool", "Edema", "present"), ("s2", None, "reader", "Edema", "absent"),
        ("s3", None, "tool", "Edema", "present"), ("s3", None, "tool", "Fracture", "present"),
        ("s4", None, "tool", "Edema", "present"),
    )  # fmt: skip
    wide = stated_wide(said, read, labels("unanimous"), SPACE).collect()
    assert states_of(wide) == {
        "s1": ("ABSENT", "NOT_MENTIONED", "NOT_MENTIONED"),
        "s2": ("CONFLICT", "NOT_MENTIONED", "NOT_MENTIONED"),
        "s3": ("CONFLICT", "NOT_MENTIONED", "PRESENT"),
        "s4": ("PRESENT", "OUTSIDE", "NOT_MENTIONED"),
    }
    assert wide["annotator"].to_list() == ["reader+tool"] * 3 + ["tool"]
    assert wide["reference"].to_list() == ["R4"] * 4


def test_unanimous_cannot_weigh_positives_only() -> None:
    with pytest.raises(CxdataError, match="positives only: tool"):
        stated_wide(findings(), readings(), labels("unanimous", "positives only"), SPACE)
