"""Files made to do harm: each ends in its documented error, quickly, in the child; none in anything else."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.places import Gazetteer
from features.resume import errors as e
from features.resume.hostile import (
    HONEST_DOCX,
    HONEST_PDF,
    LINES,
    billion_laughs,
    cyclic_pages,
    cyclic_xref,
    deep_xml,
    encrypted_docx,
    encrypted_pdf,
    flate_bomb,
    lying_zip,
    many_entries,
    many_objects,
    million_objects,
    nested_filters,
    symlink_zip,
    two_hundred_pages,
    xxe,
    zip_bomb,
    zip_slip,
)
from features.resume.parse import Parser
from features.resume.records import Limits
from features.resume.testing import Ink, docx, paragraph, pdf, zipped

WHITE = {"grey": 1.0}


@pytest.fixture(scope="module")
def parser() -> Parser:
    return Parser(gazetteer=Gazetteer({}))


HOSTILE: dict[str, tuple[Callable[[], bytes], tuple[type[e.ResumeError], ...]]] = {
    "flate bomb": (flate_bomb, (e.TooLargeError, e.NoTextError, e.ReadTimeoutError)),
    "a million strings": (many_objects, (e.TooLargeError, e.ReadTimeoutError)),
    "cyclic pages": (cyclic_pages, (e.MalformedFileError, e.NoTextError)),
    "encrypted PDF": (encrypted_pdf, (e.EncryptedFileError,)),
    "encrypted DOCX": (encrypted_docx, (e.EncryptedFileError,)),
    "zip bomb": (zip_bomb, (e.TooLargeError,)),
    "zip that lies": (lying_zip, (e.TooLargeError, e.MalformedFileError)),
    "zip slip": (zip_slip, (e.MalformedFileError,)),
    "symbolic link": (symlink_zip, (e.MalformedFileError,)),
    "many entries": (many_entries, (e.TooLargeError,)),
    "external entity": (xxe, (e.MalformedFileError,)),
    "billion laughs": (billion_laughs, (e.MalformedFileError,)),
    "deep XML": (deep_xml, (e.MalformedFileError,)),
    "200 pages": (two_hundred_pages, (e.TooManyPagesError,)),
    "nothing": (lambda: b"", (e.NoTextError,)),
    "only zeros": (lambda: b"\0" * 4096, (e.NoTextError,)),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 100, (e.NoTextError,)),
    "a scan": (lambda: pdf([[]]), (e.NoTextError,)),
    "a program": (lambda: b"\x7fELF" + bytes(200), (e.UnsupportedFileError,)),
    "old Word": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), (e.UnsupportedFileError,)),
    "an archive of other things": (lambda: zipped({"a.txt": b"hello"}), (e.UnsupportedFileError,)),
    "JSON of other things": (lambda: b'{"a": 1}', (e.UnsupportedFileError,)),
    "JSON of wrong types": (lambda: b'{"work": {"name": 1}}', (e.MalformedFileError,)),
    "deep JSON": (lambda: b'{"basics":' + b"[" * 200_000, (e.MalformedFileError,)),
    "PDF behind text": (lambda: b"hello\n" + HONEST_PDF, (e.MalformedFileError,)),
    "PDF behind a zip's head": (lambda: b"PK\x03\x04" + HONEST_PDF, (e.MalformedFileError,)),
    "6 MB": (lambda: b"a" * (6 * 2**20), (e.TooLargeError,)),
    "300,000 letters": (lambda: b"word " * 60_000, (e.TooLargeError,)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_gets_its_error(parser: Parser, name: str) -> None:
    make, expected = HOSTILE[name]
    with pytest.raises(expected) as caught:
        parser.parse(make(), "resume.pdf")
    assert caught.value.code in e.BY_CODE
    assert str(caught.value).rstrip().endswith(".")


def test_nested_filters_are_read_or_refused(parser: Parser) -> None:
    with suppress(e.NoTextError, e.MalformedFileError):
        assert "Hello" in parser.parse(nested_filters()).text


def test_a_million_objects_cost_no_more_than_the_limits(parser: Parser) -> None:
    """pdfium loads objects when they are asked for, so the honest page may well be read."""
    with suppress(e.TooLargeError, e.MalformedFileError, e.ReadTimeoutError):
        assert "Ann Example" in parser.parse(million_objects()).text


def test_cyclic_cross_references_are_read_or_refused(parser: Parser) -> None:
    with suppress(e.MalformedFileError):
        assert "Ann Example" in parser.parse(cyclic_xref()).text


def test_a_pdf_with_a_zip_behind_it_is_a_pdf(parser: Parser) -> None:
    both = HONEST_PDF + zipped({"word/document.xml": b"<secret/>"})
    resume = parser.parse(both)
    assert resume.document.kind == "pdf"
    assert "secret" not in resume.text


@pytest.mark.parametrize(
    ("ink", "trick"),
    [
        (Ink(50, 300, "kubernetes expert", 10, False, 0, 1.0), "colour of the background"),
        (Ink(50, 300, "kubernetes expert", 10, False, 0, 0.98), "colour of the background"),
        (Ink(50, 300, "kubernetes expert", 10, False, 3), "invisible render mode"),
        (Ink(50, 300, "kubernetes expert", 1.0), "smaller than 2 pt"),
        (Ink(50, -300, "kubernetes expert"), "outside the page"),
        (Ink(900, 300, "kubernetes expert"), "outside the page"),
    ],
)
def test_hidden_text_is_reported_and_not_read(parser: Parser, ink: Ink, trick: str) -> None:
    page = [Ink(50, 800 - 14 * i, line) for i, line in enumerate(LINES)]
    resume = parser.parse(pdf([[*page, ink]]))
    assert "kubernetes" not in resume.text
    noted = [w for w in resume.warnings if w.code == "hidden_text"]
    assert [w.detail for w in noted] == [trick]
    assert "kubernetes" in noted[0].text.replace(" ", "")
    assert noted[0].page == 1


def test_white_text_on_a_dark_panel_is_no_hidden_text(parser: Parser) -> None:
    panel = b"0.1 0.2 0.4 rg 0 200 595 300 re f\n"
    page = [Ink(50, 800 - 14 * i, line) for i, line in enumerate(LINES)]
    resume = parser.parse(pdf([[*page, Ink(50, 300, "Skills: welding", grey=1.0)]], before=panel))
    assert "welding" in resume.text
    assert not [w for w in resume.warnings if w.code == "hidden_text"]


@pytest.mark.parametrize(
    ("run", "trick"),
    [
        ("<w:vanish/>", "marked as hidden"),
        ('<w:color w:val="FFFFFF"/>', "colour of the background"),
        ('<w:sz w:val="2"/>', "smaller than 2 pt"),
    ],
)
def test_hidden_runs_of_word_files_are_reported_and_not_read(parser: Parser, run: str, trick: str) -> None:
    body = "".join(paragraph(line) for line in LINES)
    resume = parser.parse(docx(body + paragraph("kubernetes expert", run=run)))
    assert "kubernetes" not in resume.text
    assert [w.detail for w in resume.warnings if w.code == "hidden_text"] == [trick]


def test_parts_outside_the_file_are_not_loaded(parser: Parser) -> None:
    rels = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
        b'Id="r9" TargetMode="External" Target="http://127.0.0.1:9/t.dotx" Type="http://schemas.openxmlformats'
        b'.org/officeDocument/2006/relationships/attachedTemplate"/></Relationships>'
    )
    resume = parser.parse(docx(paragraph("Ann Example, engineer"), {"word/_rels/document.xml.rels": rels}))
    assert "external_reference" in [w.code for w in resume.warnings]


def test_a_child_over_its_time_is_killed() -> None:
    hasty = Parser(limits=Limits(wall_seconds=0.02), gazetteer=Gazetteer({}))
    with pytest.raises(e.ReadTimeoutError):
        hasty.parse(HONEST_PDF)


def test_a_child_over_its_memory_says_too_large() -> None:
    with pytest.raises(e.TooLargeError):
        Parser(gazetteer=Gazetteer({})).parse(
            flate_bomb(), limits=Limits(memory_mb=256, cpu_seconds=20, wall_seconds=30)
        )


def test_an_answer_over_its_cap_is_refused() -> None:
    with pytest.raises(e.TooLargeError):
        Parser(gazetteer=Gazetteer({})).parse(HONEST_PDF, limits=Limits(max_output_bytes=100))


def test_more_files_than_children_wait_and_then_hear_that_it_is_busy() -> None:
    parser = Parser(max_children=1, patience=0.0, gazetteer=Gazetteer({}))
    outcomes: list[str] = []
    start = threading.Barrier(6)

    def read() -> None:
        start.wait()
        try:
            outcomes.append(parser.parse(HONEST_PDF).document.kind)
        except e.ParserBusyError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) == {"pdf", "parser_busy"}


PROBE = """
import json, os, socket, sys
from features.resume import confinement
held = confinement.confine(512 * 2**20, 5)
def tried(work):
    try:
        work()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"
answers = {
    "socket": tried(lambda: socket.socket()),
    "open": tried(lambda: open("/etc/hostname")),
    "write": tried(lambda: open("x", "w")),
    "fork": tried(os.fork),
    "exec": tried(lambda: os.execv("/bin/true", ["true"])),
    "kill": tried(lambda: os.kill(os.getppid(), 0)),
    "unlink": tried(lambda: os.unlink("y")),
    "memory": tried(lambda: bytearray(2**30)),
}
os.write(1, json.dumps([held, answers]).encode())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the filter is Linux's")
def test_the_confined_child_can_do_nothing_but_compute() -> None:
    root = Path(__file__).resolve().parents[2]
    child = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        timeout=30,
        check=True,
    )
    held, answers = json.loads(child.stdout)
    assert held["call_filter"]
    assert held["memory"]
    assert "done" not in answers.values(), answers
    assert answers["memory"] == "MemoryError"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_no_child_and_no_file_is_left_behind(
    parser: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    handles = len(list(Path("/proc/self/fd").iterdir()))
    for data in (HONEST_PDF, xxe(), b"", HONEST_DOCX):
        try:
            parser.parse(data)
        except e.ResumeError:
            continue
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == handles


def _mutated(data: bytes, seed: int) -> bytes:
    rng = random.Random(seed)
    out = bytearray(data)
    for _ in range(rng.randrange(1, 40)):
        kind = rng.randrange(4)
        at = rng.randrange(len(out)) if out else 0
        if kind == 0 and out:
            out[at] = rng.randrange(256)
        elif kind == 1:
            del out[at : at + rng.randrange(1, 50)]
        elif kind == 2:
            out[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30)))
        else:
            out[at:at] = out[at : at + rng.randrange(1, 200)]
    return bytes(out)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        [HONEST_PDF, HONEST_DOCX, b'{"basics": {"name": "Ann"}, "work": [{"position": "Cook"}]}']
    ),
    st.integers(0, 2**32),
    st.floats(0.05, 1.0),
)
def test_broken_files_only_ever_raise_resume_errors(
    parser: Parser, data: bytes, seed: int, share: float
) -> None:
    broken = _mutated(data[: int(len(data) * share)], seed)
    with suppress(*e.BY_CODE.values()):
        assert parser.parse(broken).text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=2_000))
def test_any_text_is_read_or_refused(parser: Parser, text: str) -> None:
    with suppress(*e.BY_CODE.values()):
        resume = parser.parse_text(text)
        assert len(resume.model_text()) == len(resume.text)


@pytest.mark.parametrize(
    "unit",
    [
        "a.",
        "1 ",
        "12 Main ",
        "born: ",
        "Aa ",
        "x",
        "Master of ",
        "Engineer, Acme, Boston 2019 - 2020 ",
        "A - B, ",
        "a\t",
    ],
)
def test_text_that_repeats_itself_is_read_to_its_end(parser: Parser, unit: str) -> None:
    """Shapes that make a careless pattern try again from every letter: one of them once took minutes."""
    with suppress(e.NoTextError):
        found = parser.parse_text("Ann Example\nExperience\n" + unit * (100_000 // len(unit)))
        assert "Experience" in found.text


def test_far_more_lines_than_a_resume_has_are_refused(parser: Parser) -> None:
    with pytest.raises(e.TooLargeError):
        parser.parse_text("Engineer 2019 - 2020\n" * 5_000)
