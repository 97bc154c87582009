from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.inputs import Bag, Inputs, InputsWriter, open_inputs

ROW = st.dictionaries(st.integers(0, 50), st.floats(0, 1, width=32), max_size=5)
rows = st.lists(ROW, min_size=1, max_size=8)


def as_rows(bag: Bag) -> list[dict[int, float]]:
    return [
        dict(zip(bag.ids[a:b].tolist(), bag.weights[a:b].tolist(), strict=True))
        for a, b in zip(bag.offsets[:-1], bag.offsets[1:], strict=True)
    ]


@given(rows, st.data())
def test_taking_rows_of_a_bag_is_taking_rows(raw: list[dict[int, float]], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=10))
    taken = Bag.from_rows(raw).take(np.array(wanted, np.int64))
    assert as_rows(taken) == [raw[i] for i in wanted]


@given(rows, rows)
def test_concatenated_bags_hold_both(a: list[dict[int, float]], b: list[dict[int, float]]) -> None:
    assert as_rows(Bag.concat([Bag.from_rows(a), Bag.from_rows(b)])) == a + b


def part(n: int, seed: int, *, empty: bool = False) -> Inputs:
    rng = np.random.default_rng(seed)
    bag = [{} if empty else {int(i): float(np.float32(i)) for i in rng.integers(0, 9, 3)} for _ in range(n)]
    return Inputs({"x": rng.standard_normal((n, 4)).astype(np.float32)}, {"b": Bag.from_rows(bag)})


def test_written_parts_come_back_as_one(tmp_path: Path) -> None:
    parts = [part(3, 1), part(1, 2, empty=True), part(5, 3)]
    writer = InputsWriter(tmp_path / "in")
    for p in parts:
        writer.append(p)
    writer.close()
    back, whole = open_inputs(tmp_path / "in"), Inputs.concat(parts)
    order = np.array([8, 0, 3, 3], np.int64)
    assert len(back) == 9
    assert np.array_equal(back.take(order).dense["x"], whole.take(order).dense["x"])
    assert as_rows(back.take(order).bags["b"]) == as_rows(whole.take(order).bags["b"])


def test_bags_that_are_empty_everywhere_can_be_opened(tmp_path: Path) -> None:
    writer = InputsWriter(tmp_path / "in")
    writer.append(part(2, 1, empty=True))
    writer.close()
    assert as_rows(open_inputs(tmp_path / "in").bags["b"].take(np.array([1, 0]))) == [{}, {}]


def test_an_unfinished_folder_cannot_be_opened(tmp_path: Path) -> None:
    InputsWriter(tmp_path / "in").append(part(2, 1))
    with pytest.raises(FileNotFoundError):
        open_inputs(tmp_path / "in")
