"""An audit put down: CSV for machines, one HTML page for people, pictures for MLflow."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from html import escape

from matplotlib.figure import Figure

from training.audit.invariance import Change
from training.audit.ll144 import FOUR_FIFTHS, Row, Table

TABLE_COLUMNS = ("score", "by", *(f.name for f in fields(Row)), "below_four_fifths")
_NOTE = (
    "Synthetic audit set: every person is invented. Sex and race/ethnicity were drawn apart from skills, "
    "years and place. Scoring rate: share of a category above the median score of the sample. Impact ratio: "
    "scoring rate over the highest scoring rate among the categories. Form of 6 RCNY 5-300 and following; "
    "these tables are an input of an audit and not an independent one."
)
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "th,td{border:1px solid #bbb;padding:.3rem .6rem;text-align:right}"
    "th:first-child,td:first-child{text-align:left}"
    "caption{text-align:left;font-weight:600}.low{background:#fde2dd}"
)


def tables_csv(tables: Sequence[Table]) -> str:
    """One row per category of every table, then one per table for people of unknown category or no score."""
    out = io.StringIO()
    rows = csv.DictWriter(out, TABLE_COLUMNS, lineterminator="\n")
    rows.writeheader()
    for table in tables:
        head = {"score": table.score, "by": table.by}
        for row in table.rows:
            rows.writerow({**head, **asdict(row), "below_four_fifths": row.below_four_fifths})
        rows.writerow({**head, "category": "(unknown category)", "people": table.unknown})
        rows.writerow({**head, "category": "(no score)", "people": table.unscored})
    return out.getvalue()


def changes_csv(changes: Sequence[Change]) -> str:
    out = io.StringIO()
    rows = csv.DictWriter(out, [f.name for f in fields(Change)], lineterminator="\n")
    rows.writeheader()
    rows.writerows(asdict(change) for change in changes)
    return out.getvalue()


# -- HTML ----------------------------------------------------------------------------------------------


def page(title: str, tables: Sequence[Table], changes: Sequence[Change], gates: Sequence[str]) -> str:
    """A whole HTML document without scripts."""
    body = [f"<h1>{escape(title)}</h1>", f"<p>{escape(_NOTE)}</p>"]
    body.append("<ul>" + "".join(f"<li>{escape(gate)}</li>" for gate in gates) + "</ul>")
    body += [_table_html(table) for table in tables]
    body.append(_changes_html(changes))
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def _table_html(table: Table) -> str:
    names = ("Category", "People", "Above median", "Scoring rate", "Impact ratio", "95 % interval", "p")
    caption = f"{table.score} by {table.by} (n = {table.people:,}, median {table.median:.3f})"
    rows = [_cells(row) for row in table.rows if row.ratio is not None]
    foot = [f"{row.category}: {row.people} people" for row in table.rows if row.ratio is None]
    small = f"<p>Not compared (less than 2 % of the data): {escape('; '.join(foot))}.</p>" if foot else ""
    told = f"<p>Unknown category: {table.unknown} people. No score: {table.unscored} people.</p>"
    return _html_table(caption, names, rows) + small + told


def _cells(row: Row) -> tuple[str, list[str]]:
    figures = [f"{row.people:,}", f"{row.above:,}", f"{row.rate:.3f}", f"{row.ratio:.3f}"]
    return ("low" if row.below_four_fifths else ""), [
        *(row.category, *figures, f"{row.low:.3f} to {row.high:.3f}", f"{row.p_value:.3g}")
    ]


def _changes_html(changes: Sequence[Change]) -> str:
    names = ("Edit", "Score", "Rule", "Pairs", "Scored", "Broken", "Largest change")
    rows = [
        (
            "low" if c.changed else "",
            [c.edit, c.score, c.rule, str(c.pairs), str(c.scored), str(c.changed), f"{c.largest:.2g}"],
        )
        for c in changes
    ]
    return _html_table("Invariance", names, rows)


def _html_table(caption: str, names: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        f'<tr class="{kind}">{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for kind, cells in rows
    )
    caption = f"<caption>{escape(caption)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


# -- pictures ------------------------------------------------------------------------------------------


def figures(tables: Sequence[Table]) -> Iterator[tuple[str, Figure]]:
    """(file name, picture) of the impact ratios of every table that compares any."""
    for table in tables:
        if table.compared:
            by = table.by.replace("/", "-").replace(" ", "-")
            yield f"{table.score}-{by}.png", impact_figure(table)


def impact_figure(table: Table) -> Figure:
    figure = Figure(figsize=(7.2, max(2.4, 0.34 * len(table.compared) + 1.4)), layout="constrained")
    drawn = figure.subplots()
    drawn.set(title=f"Impact ratio of {table.score} by {table.by}", xlabel="impact ratio, 95 % interval")
    drawn.spines[["top", "right"]].set_visible(False)
    for place, row in enumerate(reversed(table.compared)):
        ratio, low, high = (float(x) for x in (row.ratio or 0.0, row.low or 0.0, row.high or 0.0))
        colour = "#b3261e" if row.below_four_fifths else "#1f4e79"
        drawn.plot([low, high], [place, place], color=colour)
        drawn.plot([ratio], [place], "o", color=colour)
    drawn.axvline(FOUR_FIFTHS, color="grey", linestyle="--", linewidth=1)
    drawn.set_yticks(
        range(len(table.compared)), [row.category for row in reversed(table.compared)], fontsize=8
    )
    return figure
