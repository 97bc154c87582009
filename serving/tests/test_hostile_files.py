"""Hostile files by the dozen: each gets its answer, and the service is as it was before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from features.resume.hostile import (
    HONEST_PDF,
    billion_laughs,
    flate_bomb,
    many_entries,
    two_hundred_pages,
    xxe,
    zip_bomb,
    zip_slip,
)
from models.bundle import ModelBundle
from models.release import set_champion
from models.testing import tiny_release
from serving.client import ServingClient, ServingRejectedError
from serving.language_schemas import ReadResumeRequest
from serving.schemas import RecommendRequest, UserDocument
from serving.tests.server import Server

AT_ONCE = 50
CHILDREN = 2
#: Of each child (features/resume/records.py, Limits.memory_mb), plus what it shares with its parent.
CHILD_CEILING_MB = 512


CORPUS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "flate bomb": (flate_bomb, "too_large"),
    "zip bomb": (zip_bomb, "too_large"),
    "zip slip": (zip_slip, "malformed_file"),
    "entities": (billion_laughs, "malformed_file"),
    "outside entity": (xxe, "malformed_file"),
    "200 pages": (two_hundred_pages, "too_many_pages"),
    "many entries": (many_entries, "too_large"),
    "nothing": (lambda: b"", "no_text"),
    "no document": (lambda: b"\x7fELF\x02\x01\x01" + bytes(400), "unsupported_file"),
    "an honest one": (lambda: HONEST_PDF, None),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, bundle: ModelBundle) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    tiny_release(folder / "releases", "reads", bundle)
    set_champion(folder / "releases", "reads")
    settings = {"SERVING_WORKERS": 1, "SERVING_RESUME_CHILDREN": CHILDREN}
    with Server(folder / "releases", folder / "log", **settings) as server:
        server.wait_until_ready(1)
        yield server


class Watch(threading.Thread):
    """The most memory (resident, MB) that the service and its children had, and the most children at once."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process, self._end = psutil.Process(process), threading.Event()
        self.seen = threading.Event()
        self.most_mb, self.most_readers = 0.0, 0

    def run(self) -> None:
        while not self._end.wait(0.05):
            total, readers = 0.0, 0
            for process in (self._process, *self._process.children(recursive=True)):
                try:
                    total += process.memory_info().rss / 2**20
                    readers += any("features.resume.sandbox" in part for part in process.cmdline())
                except psutil.Error:
                    continue  # it ended meanwhile
            self.most_mb, self.most_readers = max(self.most_mb, total), max(self.most_readers, readers)
            self.seen.set()

    def stop(self) -> None:
        self._end.set()
        self.join()


async def code_of(client: ServingClient, data: bytes) -> str | None:
    try:
        await client.read_resume(ReadResumeRequest.of(data))
    except ServingRejectedError as refused:
        return refused.code
    return None


async def test_fifty_hostile_files_at_once_are_answered_within_the_ceiling(server: Server) -> None:
    files = {name: make() for name, (make, _) in CORPUS.items()}
    names = [name for _, name in zip(range(AT_ONCE), list(CORPUS) * AT_ONCE, strict=False)]
    url = f"http://127.0.0.1:{server.port}"
    async with ServingClient(url, timeout=60.0, text_timeout=300.0) as client:
        await client.read_resume(ReadResumeRequest(text="Ann Example\nBaker"))
        before = await client.state()
        watch = Watch(server.process.pid)
        watch.start()
        # let it be seen at rest, so that what comes on top is what the files cost
        assert await asyncio.to_thread(watch.seen.wait, 30)
        rest = watch.most_mb
        codes = await asyncio.gather(*(code_of(client, files[name]) for name in names))
        answer = await client.recommend(RecommendRequest(user=UserDocument(user_id=1, skills=("Python",))))
        after = await client.state()
        watch.stop()
    wrong = {(n, code) for n, code in zip(names, codes, strict=True) if code != CORPUS[n][1]}
    assert not wrong
    assert answer.items
    assert after.worker == before.worker, "the worker was started again"
    assert 1 <= watch.most_readers <= CHILDREN
    # 50 files of at most 5 MB travel as text while they wait, and are held twice: coded and decoded
    assert watch.most_mb < rest + CHILDREN * CHILD_CEILING_MB + AT_ONCE * 5 * 3
