"""Two questions a picture of OpenI's phantom, and some that are wrong."""

from __future__ import annotations

import json

from cxdata.phantom.choice import Choice
from cxdata.phantom.tree import gzipped, save
from cxdata.sources.base import PhantomSpec


def write(spec: PhantomSpec) -> None:
    """Write the questions on every picture of the parent's phantom."""
    pictures = spec.parents["openi"]["images"]["image_id"].to_list()
    asked = [
        {
            "picture": picture,
            "question": f"Is there {what}?",
            "answer": Choice(spec.seed, picture).pick(what, ("Yes", "No")),
        }
        for picture in pictures
        for what in ("an effusion", "a fracture")
    ]
    wrong = [{**asked[0], "picture": "openi:nowhere"}, {**asked[0], "picture": "none"}, asked[0]]
    body = json.dumps([*asked, *wrong]).encode()
    tree = {"questions.json": body} if spec.layout.name == "plain" else {"questions.json.gz": gzipped(body)}
    save(tree, spec.out / spec.layout.parts["data"])
