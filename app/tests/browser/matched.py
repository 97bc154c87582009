"""A board behind whose pages the serving layer answers: its real code over a release of these postings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, text

from app.main import create_app
from app.search import follow
from app.search.tantivy_index import TantivyIndex
from app.settings import Settings
from app.tests.browser.board import PYTHON, Board, fill
from app.tests.conftest import client_of, settings_for
from app.tests.listening import listening
from app.tests.matcher import Matcher, SmallRelease
from app.tests.people import post_job
from app.tests.reader import language_models
from app.worker import run
from features.records import JobRecord
from models.match import MatchModel
from models.testing import tiny_bundle, tiny_release
from serving.loader import assemble

#: Of another company than the rest of the board.
NEIGHBOUR = PYTHON | {"title": "Python Developer next door", "remote": "remote"}


@dataclass
class Later:
    """An ASGI app that is there before what answers for it."""

    inner: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.inner(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Matched(Board):
    settings: Settings = field(kw_only=True)
    neighbour: dict[str, Any] = field(kw_only=True)

    async def work(self) -> None:
        """Runs what is queued, as the worker does."""
        await run(self.settings, wait=False, install_signal_handlers=False)


@asynccontextmanager
async def matched(new_database: Callable[[], URL], folder: Path) -> AsyncIterator[Matched]:
    serving = Later()
    async with listening(serving) as port:
        settings = settings_for(
            new_database(),
            f"http://127.0.0.1:{port}",
            search_url=f"tantivy:{folder / 'index'}",
            storage_url=f"file:{folder / 'storage'}",
            mail_url=f"files:{folder / 'mail'}",
            serving_timeout_s=20,
            page_patience_s=20,
        )
        app = create_app(settings)
        async with app.router.lifespan_context(app), client_of(app) as client, listening(app) as own:
            board = await fill(app, client, folder / "index", f"http://127.0.0.1:{own}")
            member, company = await board.people.employer()
            neighbour = await post_job(member, company, **NEIGHBOUR)
            await follow.rebuild(app.state.database, TantivyIndex(folder / "index"))
            serving.inner = await _matcher(board, folder)
            values = {name: getattr(board, name) for name in Board.__dataclass_fields__}
            yield Matched(**values, settings=settings, neighbour=neighbour)


async def _matcher(board: Board, folder: Path) -> Matcher:
    """Knows every open posting of the board under the key it has there."""
    async with board.app.state.database.reading() as session:
        rows = (await session.execute(text("SELECT * FROM job_record WHERE status = 'active'"))).mappings()
        names = JobRecord.__dataclass_fields__
        records = tuple(JobRecord(**{n: _plain(row[n]) for n in names if n in row}) for row in rows)
    bundle = tiny_bundle()
    release = tiny_release(folder / "releases", "board", bundle, records, language_models(folder))
    bundle.match = MatchModel.load(release.folder / "bundle" / "match")
    return Matcher(SmallRelease(assemble(release, bundle), folder / "releases"))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
