"""The sentences of synthetic reports, in our own words.

Braces are filled from a sign: {side} right or left, {zone} upper, mid or lower, {size} small, moderate or large,
{degree} mild, moderate or severe, with a capital where the brace has one. `both` is said of a finding on both sides.
What has no entry is spoken of by its name.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Phrases(NamedTuple):
    """How a finding is stated present (`seen`), on both sides, absent (`clear`), doubtful, and summed up in the end."""

    seen: tuple[str, ...]
    clear: tuple[str, ...]
    doubtful: tuple[str, ...]
    sum_up: tuple[str, ...]
    sum_up_doubtful: tuple[str, ...]
    both: tuple[str, ...] = ()
    noun: str = ""


PHRASES: Final[dict[str, Phrases]] = {
    "Cardiomegaly": Phrases(
        seen=(
            "The heart is enlarged.",
            "{Degree} enlargement of the cardiac silhouette is seen.",
            "There is {degree} cardiomegaly.",
        ),
        clear=("The heart is not enlarged.", "Heart size is normal.", "The cardiac silhouette is normal in size."),
        doubtful=("The heart may be mildly enlarged.", "Heart size is borderline, with possible cardiomegaly."),
        sum_up=("Cardiomegaly.", "Enlarged heart."),
        sum_up_doubtful=("Possible cardiomegaly.",),
    ),
    "Enlarged Cardiomediastinum": Phrases(
        seen=("The mediastinum is widened.", "Widening of the upper mediastinal contour is seen."),
        clear=("The mediastinum is not widened.", "The cardiomediastinal contour is normal."),
        doubtful=(
            "The mediastinum is possibly widened.",
            "Widening of the mediastinum cannot be excluded on this view.",
        ),
        sum_up=("Widened mediastinum.",),
        sum_up_doubtful=("Possible widening of the mediastinum.",),
    ),
    "Lung Opacity": Phrases(
        seen=(
            "There is a hazy opacity in the {side} {zone} lung zone.",
            "An ill-defined opacity projects over the {side} {zone} lung.",
        ),
        clear=("No focal lung opacity is seen.", "There is no opacity in either lung."),
        doubtful=(
            "A faint opacity in the {side} {zone} lung is possible.",
            "There may be a subtle opacity in the {side} {zone} lung zone.",
        ),
        sum_up=("Opacity in the {side} {zone} lung.", "{Side} {zone} lung opacity."),
        sum_up_doubtful=("Possible {side} {zone} lung opacity.",),
    ),
    "Lung Lesion": Phrases(
        seen=(
            "There is a round nodule in the {side} {zone} lung.",
            "A well-defined mass projects over the {side} {zone} lung.",
        ),
        clear=("No lung nodule or mass is seen.", "There is no pulmonary nodule."),
        doubtful=(
            "A possible nodule projects over the {side} {zone} lung.",
            "A nodule in the {side} {zone} lung cannot be excluded.",
        ),
        sum_up=("{Side} {zone} lung nodule.", "Round lesion in the {side} {zone} lung."),
        sum_up_doubtful=("Possible {side} lung nodule.",),
        noun="lung nodule",
    ),
    "Edema": Phrases(
        seen=(
            "Diffuse haze with perihilar predominance reflects {degree} pulmonary edema.",
            "There is {degree} pulmonary edema.",
        ),
        clear=("There is no pulmonary edema.", "No edema is seen."),
        doubtful=("Mild pulmonary edema is possible.", "There may be early interstitial edema."),
        sum_up=("{Degree} pulmonary edema.",),
        sum_up_doubtful=("Possible mild pulmonary edema.",),
        noun="pulmonary edema",
    ),
    "Consolidation": Phrases(
        seen=(
            "There is dense consolidation with air bronchograms in the {side} {zone} lung.",
            "Consolidation occupies the {side} {zone} lung zone.",
        ),
        clear=("There is no consolidation.", "No focal consolidation is seen."),
        doubtful=(
            "Early consolidation in the {side} {zone} lung is possible.",
            "Consolidation in the {side} {zone} lung cannot be excluded.",
        ),
        sum_up=("Consolidation in the {side} {zone} lung.",),
        sum_up_doubtful=("Possible consolidation in the {side} {zone} lung.",),
        noun="focal consolidation",
    ),
    "Pneumonia": Phrases(
        seen=(
            "A patch with soft margins in the {side} {zone} lung is consistent with pneumonia.",
            "Findings in the {side} {zone} lung indicate pneumonia.",
        ),
        clear=("There is no pneumonia.", "There is no evidence of pneumonia."),
        doubtful=(
            "Pneumonia in the {side} {zone} lung is possible.",
            "Early pneumonia in the {side} {zone} lung cannot be excluded.",
        ),
        sum_up=("{Side} {zone} lung pneumonia.", "Pneumonia in the {side} {zone} lung."),
        sum_up_doubtful=("Possible {side} {zone} lung pneumonia.",),
        noun="pneumonia",
    ),
    "Atelectasis": Phrases(
        seen=(
            "Plate-like atelectasis is present at the {side} base.",
            "There is linear atelectasis at the {side} lung base.",
        ),
        clear=("There is no atelectasis.", "No atelectasis is seen at the bases."),
        doubtful=(
            "A linear density at the {side} base may be atelectasis.",
            "Atelectasis at the {side} base is possible.",
        ),
        sum_up=("{Side} basilar atelectasis.",),
        sum_up_doubtful=("Possible {side} basilar atelectasis.",),
        both=("Plate-like atelectasis is present at both lung bases.", "There is bibasilar linear atelectasis."),
        noun="atelectasis",
    ),
    "Pneumothorax": Phrases(
        seen=("A pleural line is seen, with a {size} {side} pneumothorax.", "There is a {size} {side} pneumothorax."),
        clear=("There is no pneumothorax.", "No pneumothorax is seen."),
        doubtful=("A tiny {side} apical pneumothorax is possible.", "A {side} pneumothorax cannot be excluded."),
        sum_up=("{Size} {side} pneumothorax.",),
        sum_up_doubtful=("Possible {side} pneumothorax.",),
        noun="pneumothorax",
    ),
    "Pleural Effusion": Phrases(
        seen=(
            "There is a {size} {side} pleural effusion.",
            "A {size} {side} pleural effusion blunts the costophrenic angle.",
        ),
        clear=("There is no pleural effusion.", "No pleural effusion is seen."),
        doubtful=("Trace {side} pleural effusion cannot be excluded.", "There may be a tiny {side} pleural effusion."),
        sum_up=("{Size} {side} pleural effusion.",),
        sum_up_doubtful=("Possible trace {side} pleural effusion.",),
        both=("There are {size} bilateral pleural effusions.", "{Size} pleural effusions are present on both sides."),
        noun="pleural effusion",
    ),
    "Pleural Other": Phrases(
        seen=(
            "There is {side} pleural thickening along the lateral chest wall.",
            "A band of pleural thickening follows the {side} chest wall.",
        ),
        clear=("There is no pleural thickening.", "No pleural thickening is seen."),
        doubtful=("Slight {side} pleural thickening is possible.",),
        sum_up=("{Side} pleural thickening.",),
        sum_up_doubtful=("Possible {side} pleural thickening.",),
    ),
    "Fracture": Phrases(
        seen=(
            "There are displaced fractures of {side} lateral ribs.",
            "Step-offs of the {side} ribs indicate fractures.",
        ),
        clear=("There is no displaced rib fracture.", "No fracture is seen."),
        doubtful=("A nondisplaced {side} rib fracture is possible.",),
        sum_up=("{Side} rib fractures.",),
        sum_up_doubtful=("Possible {side} rib fracture.",),
    ),
    "Rib Fracture": Phrases(
        seen=("There is an acute fracture of a {side} rib.", "A {side} {zone} rib is fractured."),
        clear=("There is no rib fracture.", "No acute rib fracture is seen."),
        doubtful=("A {side} rib fracture is possible.",),
        sum_up=("{Side} rib fracture.",),
        sum_up_doubtful=("Possible {side} rib fracture.",),
    ),
    "Chest Tube": Phrases(
        seen=("A {side} chest tube is in place.", "There is an intercostal drain on the {side}."),
        clear=("There is no chest tube.",),
        doubtful=("A {side} chest tube may be in place.",),
        sum_up=("{Side} chest tube in place.",),
        sum_up_doubtful=("Possible {side} chest tube.",),
    ),
    "Support Devices": Phrases(
        seen=(),
        clear=("No tubes or lines are present.", "There is no support device."),
        doubtful=("A faint linear density may be a catheter.",),
        sum_up=("Support devices in place.",),
        sum_up_doubtful=("Possible catheter.",),
    ),
    "No Finding": Phrases(
        seen=("The chest is normal.", "Normal appearance of the chest."),
        clear=(),
        doubtful=(),
        sum_up=(
            "No acute cardiopulmonary process.",
            "No acute cardiopulmonary abnormality.",
            "Normal chest radiograph.",
        ),
        sum_up_doubtful=(),
    ),
}

DEVICES: Final[dict[str, tuple[str, ...]]] = {
    "tubes": (
        "An endotracheal tube ends above the carina, and an enteric tube courses into the stomach.",
        "The endotracheal tube tip lies 4 cm above the carina; the enteric tube passes below the diaphragm.",
    ),
    "line": (
        "A {side} central venous line ends in the lower superior vena cava.",
        "The tip of a {side} PICC lies in the mid SVC.",
    ),
    "pacemaker": (
        "A left pectoral pacemaker has leads in the right atrium and ventricle.",
        "Leads of a left-sided pacer end in their usual places.",
    ),
    "wires": ("Median sternotomy wires are intact.", "The patient has sternal wires, which are aligned."),
}

NEUTRAL: Final = (
    "Patient rotation limits the study slightly.",
    "The study is adequately penetrated.",
    "The upper abdomen is partly included.",
    "The chin projects over the apices.",
)
PRIOR: Final = (
    "Compared to ___, the appearance is unchanged.",
    "As compared to the previous radiograph, there has been no relevant change.",
    "These findings are new since the prior study of ___.",
    "Comparison is made to the prior exam from ___.",
)
NOTIFIED: Final = (
    "These findings were discussed with Dr. ___ by telephone at ___ p.m. on ___.",
    "Findings were communicated to Dr. ___ at ___ a.m., 5 minutes after discovery.",
)
