"""Figures as a notebook shows them: small pictures beside each other, whatever matplotlib's backend."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

DPI = 80


@dataclass(frozen=True)
class Pictures:
    """The value of a cell; frontends call `_repr_html_`."""

    figures: tuple[Figure, ...]

    def _repr_html_(self) -> str:
        return "".join(f'<img alt="" src="data:image/png;base64,{_png(f)}">' for f in self.figures)


def show(*figures: Figure) -> Pictures:
    """Put last in a cell."""
    return Pictures(figures)


def show_all(figures: Mapping[str, Figure], *names: str) -> Pictures:
    """Those of a run's figures whose artifact name contains one of `names`. Raises KeyError if none does."""
    chosen = [figure for key, figure in figures.items() if any(name in key for name in names)]
    if not chosen:
        raise KeyError(f"no figure of {', '.join(figures)} is called {' or '.join(names)}")
    return Pictures(tuple(chosen))


def _png(figure: Figure) -> str:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=DPI)
    return base64.b64encode(out.getvalue()).decode()
