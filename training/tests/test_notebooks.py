"""Every notebook runs from top to bottom, as plain Python, on the small market made for notebooks."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from models.testing import encoder_folder
from training.leakage import protected
from training.notebook_data import VARIABLE, NotebookData, notebook_data
from training.notebook_view import Pictures, show_all
from training.pipeline import PipelineError

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookData]:
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copytree(encoder_folder(), folder / "encoder")  # exporting it again takes seconds
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DATABASE_URL", raising=False)
        environment.delenv("MLFLOW_TRACKING_URI", raising=False)
        environment.setenv(VARIABLE, str(folder))
        yield notebook_data()


def cells(path: Path, kind: str) -> list[str]:
    return ["".join(c["source"]) for c in json.loads(path.read_text())["cells"] if c["cell_type"] == kind]


def run(path: Path) -> list[Any]:
    """Executes the code cells in one namespace; returns the value of each, as a frontend would show it."""
    names: dict[str, Any] = {"__name__": "__main__"}
    return [_cell(path, k, source, names) for k, source in enumerate(cells(path, "code"))]


def _cell(path: Path, number: int, source: str, names: dict[str, Any]) -> Any:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    where = f"{path.name}[{number}]"
    exec(compile(tree, where, "exec"), names)  # noqa: S102
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), where, "eval"), names)  # noqa: S307


def drawn(value: Any) -> int:
    """How many pictures the value shows. What is shown is rendered: figures are drawn only then."""
    if not isinstance(value, Pictures):
        if hasattr(value, "_repr_html_"):
            assert value._repr_html_()
        return 0
    html = value._repr_html_()
    assert html.count("data:image/png;base64,iVBOR") == len(value.figures)
    return len(value.figures)


def test_there_are_eight_of_them() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n:02d}" for n in range(1, 9)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_shows_figures(data: NotebookData, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    assert sum(drawn(value) for value in run(path)) >= 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_holds_no_logic_and_no_outputs(path: Path) -> None:
    raw = json.loads(path.read_text())
    code = [c for c in raw["cells"] if c["cell_type"] == "code"]
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in code)
    trees = [node for source in cells(path, "code") for node in ast.walk(ast.parse(source))]
    logic = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try)
    assert [type(node).__name__ for node in trees if isinstance(node, logic)] == []
    assert "synthetic" in cells(path, "markdown")[0]


def test_the_data_are_made_once_and_never_over_others(data: NotebookData, tmp_path: Path) -> None:
    made = (data.folder / "stamp.json").stat().st_mtime_ns
    assert notebook_data(data.folder).snapshot == data.snapshot
    assert (data.folder / "stamp.json").stat().st_mtime_ns == made
    (tmp_path / "snapshots").mkdir()
    with pytest.raises(PipelineError, match="holds other data"):
        notebook_data(tmp_path)


def test_training_in_a_copy_leaves_the_data_alone(data: NotebookData) -> None:
    with data.copy() as work:
        shutil.rmtree(work.bundle)
    assert not work.folder.exists()
    assert data.work.bundle.is_dir()


def test_protected_words_are_found_as_whole_parts() -> None:
    assert protected(["home_postcode", "type=Name", "language", "met=must"]) == ["home_postcode", "type=Name"]


def test_asking_for_a_figure_that_is_not_there_says_which_are() -> None:
    with pytest.raises(KeyError, match="no figure of plots/a is called loss"):
        show_all({"plots/a": Figure()}, "loss")
