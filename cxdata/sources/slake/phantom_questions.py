"""The synthetic questions of SLAKE in both languages, in words of our own, and what is broken on purpose.

The split of a picture is another one in Chinese than in English, as it is in the real files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from cxdata.phantom.pictures import Cohort, Picture
from cxdata.phantom.signs import place

CHINESE: Final = {
    "Pneumonia": "肺炎", "Cardiomegaly": "心脏肥大", "Pneumothorax": "气胸", "Mass": "肿块", "Atelectasis": "肺不张",
    "Nodule": "结节", "Pleural Effusion": "胸腔积液", "Infiltration": "浸润",
}  # fmt: skip
SECTIONS: Final = 99_009_900  # numbers of pictures that are no radiographs
FIRST_OF_ZH: Final = 500_000
FILM: Final = ("X-Ray", "Lung")


class Row(NamedTuple):
    """One question. `where` is modality and location, `kind` answer type, content type and vqa or kvqa."""

    picture: int
    question: str
    answer: str
    kind: tuple[str, str, str]
    language: str | None
    split: str
    where: tuple[str, str] = FILM
    qid: int = 0
    name: str = ""

    def told(self) -> dict[str, object]:
        """The record as the file has it."""
        answer_type, content, base = self.kind
        modality, location = self.where
        return {
            "img_id": self.picture, "img_name": self.name or f"xmlab{self.picture}/source.jpg",
            "question": self.question, "answer": self.answer, "q_lang": self.language, "location": location,
            "modality": modality, "answer_type": answer_type, "base_type": base, "content_type": content,
            "triple": ["vhead", "_", "_"], "qid": self.qid,
        }  # fmt: skip


def number_of(picture: Picture) -> int:
    """The number in a picture's name."""
    return int(picture.name.removeprefix("xmlab"))


def ask(cohort: Cohort) -> list[Row]:
    """Every question in both languages, numbered as in the file: English, then Chinese."""
    english = [row for one in cohort.pictures for row in _english(one, cohort.seed)]
    english += [*_sections("en"), *_faults(cohort)]
    turned = [*cohort.pictures[1:], *cohort.pictures[:1]]
    splits = {one.name: other.split for one, other in zip(cohort.pictures, turned, strict=True)}
    chinese = [row for one in cohort.pictures for row in _chinese(one, splits[one.name])] + [*_sections("zh")]
    numbered = [row._replace(qid=nth) for nth, row in enumerate(english)]
    numbered = [row._replace(qid=0) if row.name == "double-number" else row for row in numbered]
    numbered += [row._replace(qid=FIRST_OF_ZH + nth) for nth, row in enumerate(chinese)]
    return [row._replace(name="") if row.name == "double-number" else row for row in numbered]


def _english(picture: Picture, seed: int) -> Iterator[Row]:
    present = picture.case.present

    def row(question: str, answer: str, closed: str, content: str, base: str = "vqa") -> Row:
        return Row(number_of(picture), question, answer, (closed, content, base), "en", picture.split)

    yield row("How was this picture taken?", "X-Ray", "OPEN", "Modality")
    yield row("Was this taken by CT, MRI or X-Ray?", "X-Ray", "CLOSED", "Modality")
    for finding in CHINESE:
        yield row(
            f"Can {finding.lower()} be seen here?", "Yes" if finding in present else "No", "CLOSED", "Abnormality"
        )
    yield row("What is wrong on this film?", ", ".join(present), "OPEN", "Abnormality")
    yield row("Is it the heart or the lung that is abnormal?", _organ(present), "CLOSED", "Abnormality")
    for finding, sign in place(present, f"picture {picture.name}", seed).items():
        if finding in present and finding != "Cardiomegaly" and sign.side != "both":
            yield row(f"Is the {finding.lower()} on the left or right?", sign.side.title(), "CLOSED", "Position")
            yield row(f"Where does the {finding.lower()} lie?", f"{sign.side.title()} Lung", "OPEN", "Position")
    yield row("How is this disease treated?", "By a physician", "OPEN", "KG", "kvqa")


def _chinese(picture: Picture, split: str) -> Iterator[Row]:
    present = picture.case.present
    organs = {"Heart": "心脏", "Lung": "肺", "Both": "都是"}

    def row(question: str, answer: str, closed: str, content: str, base: str = "vqa") -> Row:
        return Row(number_of(picture), question, answer, (closed, content, base), "zh", split)

    yield row("这张片子是怎么来的?", "X光", "OPEN", "Modality")
    for finding, name in CHINESE.items():
        yield row(f"这里可以看到{name}吗?", "可以" if finding in present else "不可以", "CLOSED", "Abnormality")
    yield row("这张片子有问题吗?", "有" if number_of(picture) % 2 else "是的", "CLOSED", "Abnormality")
    yield row("这张片子上有什么病?", ", ".join(CHINESE[one] for one in present), "OPEN", "Abnormality")
    yield row("有问题的是心脏还是肺?", organs[_organ(present)], "CLOSED", "Abnormality")
    yield row("这种病怎么治?", "看医生", "OPEN", "KG", "kvqa")


def _organ(present: tuple[str, ...]) -> str:
    if "Cardiomegaly" not in present:
        return "Lung"
    return "Heart" if len(present) == 1 else "Both"


def _sections(language: str) -> Iterator[Row]:
    """Questions about pictures that are no chest radiographs, some in every split."""
    question = {"en": "Was this taken by CT, MRI or X-Ray?", "zh": "这张片子是怎么来的?"}[language]
    kind = ("CLOSED" if language == "en" else "OPEN", "Modality", "vqa")
    for nth, (modality, location, split) in enumerate(
        (("CT", "Abdomen", "train"), ("MRI", "Brain", "val"), ("CT", "Lung", "test"))
    ):
        yield Row(SECTIONS + nth, question, modality, kind, language, split, (modality, location))
    yield Row(
        SECTIONS + 9, {"en": "Which bone is this?", "zh": "这是什么骨头?"}[language], "?", ("OPEN", "Organ", "vqa"),
        language, "test", ("X-Ray", "Hand"),
    )  # fmt: skip


def _faults(cohort: Cohort) -> Iterator[Row]:
    """The questions that are broken, about the picture that the fault befell."""

    def row(fault: str, question: str, answer: str) -> Row:
        picture = cohort.hit(fault)
        return Row(number_of(picture), question, answer, ("OPEN", "Abnormality", "vqa"), "en", picture.split)

    yield row("other-name", "Whose film is this?", "Unknown")._replace(name=f"xmlab{SECTIONS}/source.jpg")
    yield row("blank-answer", "When was this film taken?", "")
    yield row("slip", "Which finding should be looked at again?", "Noudle")
    yield row("tight-comma", "Which two places should be looked at again?", "Left Apex,Right Base")
    yield row("sides-mixed", "Which place should be looked at again?", "Left Lung, Right")
    yield row("heart-in-lung", "Does cardiomegaly lie on the lower left lung?", "No")
    yield row("double-number", "Who has read this film?", "A radiologist")._replace(name="double-number")
    yield row("no-language", "Who has read this film first?", "A radiologist")._replace(language=None)
