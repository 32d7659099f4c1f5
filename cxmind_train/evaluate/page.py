"""`index.html`: the numbers, and pictures, answers and verdicts side by side. It needs nothing but itself."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any, Final

import polars as pl

from cxdata.answers.blocks import parse
from cxdata.model.hashing import hash_expr
from cxmind_train.data.rows import Rows
from cxmind_train.evaluate.metrics import ANSWER_NAME

SHOWN: Final = 60
SIDE: Final = 320
_STYLE: Final = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1b1b}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}article{border-top:2px solid #ccc;padding:1rem 0;display:grid;
grid-template-columns:auto 1fr 1fr;gap:1rem}article img{max-width:320px;display:block;margin-bottom:.4rem}
pre{white-space:pre-wrap;font:inherit;margin:0}.right{color:#0a6b2d}.wrong{color:#a11}
ol{margin:.3rem 0;padding-left:1.2rem}.note{background:#fff6d6;padding:.6rem 1rem}h2{margin-top:2rem}small{color:#666}
"""


def page(rows: Rows, predictions: pl.DataFrame, summary: dict[str, Any]) -> str:
    """The page; of the rows at most 60, wrong ones first, chosen by a hash."""
    restricted = bool(rows.frame["restricted"].any())
    note = "Holds pictures and texts of restricted sources: keep it where the data may lie." if restricted else ""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation</title>", f"<style>{_STYLE}</style>",
        f"<h1>{escape(str(summary['model']))} on {escape(str(summary['data']))}, {escape(summary['split'])}</h1>",
        f'<p class="note">{note} Not for clinical use.</p>', _table(summary), _examples(rows, predictions), "</html>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _table(summary: dict[str, Any]) -> str:
    answer = ANSWER_NAME[summary["stage"]]
    head = ("task", "n", answer, "95 % interval", "majority", "text only", "blank", "shuffled", "format")
    lines = [_cells("th", head)]
    for name, block in (("all", summary), *summary["tasks"].items()):
        controls = [block.get(view, {}).get(answer) for view in ("text_only", "blank", "shuffled")]
        interval = " to ".join(_number(one) for one in block["ci"] or ())
        told = (name, block["n"], block[answer], interval, block["majority"], *controls, block["format"])
        lines.append(_cells("td", told))
    return f"<table>{''.join(lines)}</table>"


def _cells(kind: str, values: tuple[Any, ...]) -> str:
    made = [f"<{kind}{_class(value)}>{escape(_number(value))}</{kind}>" for value in values]
    return f"<tr>{''.join(made)}</tr>"


def _class(value: Any) -> str:
    return ' class="n"' if isinstance(value, int | float) else ""


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _examples(rows: Rows, predictions: pl.DataFrame) -> str:
    place_of = {sample_id: place for place, sample_id in enumerate(rows.frame["sample_id"])}
    some = (
        predictions.filter(pl.col("view") == "sighted")
        .with_columns(order=hash_expr(0, pl.col("sample_id"), "page"), right=pl.col("answer") >= 1)
        .with_columns(nth=pl.col("order").rank("ordinal").over("right"))
        .sort("nth", "right").head(SHOWN)
    )  # fmt: skip
    made = [_example(rows, place_of[row["sample_id"]], row) for row in some.to_dicts()]
    return f"<h2>{len(made)} of {len(place_of)} rows</h2>" + "".join(made)


def _example(rows: Rows, place: int, row: dict[str, Any]) -> str:
    pictures = "".join(f'<img alt="" src="{_uri(one)}">' for one in rows.pictures(place))
    told = rows.frame.row(place, named=True)
    verdict = "right" if row["answer"] >= 1 else "wrong" if row["answer"] <= 0 else f"{row['answer']:.2f}"
    colour = "right" if row["answer"] >= 1 else "wrong"
    question = told["problem"].replace("<image>\n", "").replace("<image>", "")
    return (
        f"<article><div>{pictures}</div><div><pre>{escape(question)}</pre><p><b>Gold</b></p>{_steps(told['answer'])}</div>"
        f'<div><p><b class="{colour}">{verdict}</b> <small>{escape(row["sample_id"])}</small></p>'
        f"{_steps(row['completion'])}</div></article>"
    )


def _steps(text: str) -> str:
    """Think and answer of each step; a text that is none of these as it stands."""
    pairs = parse(text).pairs
    if not pairs:
        return f"<pre>{escape(text)}</pre>"
    lines = [f"<li>{escape(pair.think or '')} <b>{escape(pair.answer)}</b></li>" for pair in pairs]
    return f"<ol>{''.join(lines)}</ol>"


def _uri(picture: Any) -> str:
    small = picture.convert("L")
    small.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
