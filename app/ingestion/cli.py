"""`jobpilot import postings` and `jobpilot import market`.

Exit status: 0 the file was read to its end, 1 it was not, or nothing landed although rows were refused;
2 file or options refused; 3 with --strict, when a row was refused.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from sqlalchemy.exc import SQLAlchemyError

from app.db import Database, PoolLimits
from app.ingestion.errors import IngestionError
from app.ingestion.lines import InputFile
from app.ingestion.market.files import MarketFolder
from app.ingestion.market.report import print_market
from app.ingestion.market.service import MarketReport, import_market, refuse_in_production
from app.ingestion.readers import reader_for
from app.ingestion.rejects import RejectsFile
from app.ingestion.report import Report
from app.ingestion.service import Options, import_postings
from app.settings import Settings, SettingsError

import_app = typer.Typer(no_args_is_help=True, help="Load postings or a simulated market into the database.")
_OUT, _ERR = Console(), Console(stderr=True)
#: Batches take longer than requests: seconds for one statement.
_LIMITS = PoolLimits(size=2, wait_s=30.0, statement_s=300.0, lock_s=60.0)
FAILED, REFUSED, STRICT = 1, 2, 3
Result = TypeVar("Result")


class FileFormat(StrEnum):
    HN = "hn"
    JSONL = "jsonl"
    CSV = "csv"
    SCHEMA_ORG = "schema-org"


class PostingStatus(StrEnum):
    ACTIVE = "active"
    DRAFT = "draft"
    PAUSED = "paused"
    CLOSED = "closed"


@import_app.command("postings")
def postings_command(
    file: Annotated[Path, typer.Argument(help="File, plain or gzip")],
    file_format: Annotated[FileFormat, typer.Option("--format", help="Shape of the file's rows")],
    source: Annotated[str, typer.Option(help="Name of the source; default: the format")] = "",
    status: Annotated[PostingStatus, typer.Option(help="Status of imported postings")] = PostingStatus.ACTIVE,
    rejects: Annotated[Path | None, typer.Option(help="Write refused rows here, as JSON Lines")] = None,
    sync: Annotated[
        bool, typer.Option("--sync/--no-sync", help="Queue changes for the serving layer")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON")] = False,
    strict: Annotated[bool, typer.Option(help="Exit 3 when a row was refused")] = False,
) -> None:
    """Upsert postings by (source, external id); bad rows are reported with their line and skipped."""
    options = Options(_source(source or file_format.value), status.value, sync)
    report = run(lambda database, _: _import(database, file, file_format, options, rejects))
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        report.print(_OUT)
    raise typer.Exit(exit_status(report, strict))


@import_app.command("market")
def market_command(
    folder: Annotated[Path, typer.Argument(help="Folder that `jobpilot-ml market` wrote")],
    demo_password: Annotated[str, typer.Option(help="Password of demo@example.org; default: a new one")] = "",
    sync: Annotated[
        bool, typer.Option("--sync/--no-sync", help="Queue changes for the serving layer")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON")] = False,
) -> None:
    """Load a simulated market (synthetic data; refused in production) and a demo login."""
    if demo_password and not 8 <= len(demo_password) <= 128:
        raise typer.BadParameter("8 to 128 characters", param_hint="--demo-password")
    report = run(lambda database, settings: _import_market(database, settings, folder, sync, demo_password))
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        print_market(report, _OUT)


async def _import_market(
    database: Database, settings: Settings, path: Path, sync: bool, demo_password: str
) -> MarketReport:
    refuse_in_production(settings.environment)
    folder = MarketFolder(path)
    with progress_bar(MofNCompleteColumn()) as bar:
        tasks = {name: bar.add_task(name, total=rows) for name, rows in folder.rows.items()}
        return await import_market(
            database,
            folder,
            sync=sync,
            demo_password=demo_password,
            advance=lambda name, rows: bar.advance(tasks[name], rows),
        )


def exit_status(report: Report, strict: bool) -> int:
    if report.failure or (report.rejected and not report.landed):
        return FAILED
    return STRICT if strict and report.rejected else 0


def run(work: Callable[[Database, Settings], Awaitable[Result]]) -> Result:
    """Runs `work` on the configured database; what is wrong is said in one line and an exit status."""
    try:
        return asyncio.run(_with_database(work))
    except (IngestionError, SettingsError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(REFUSED) from None
    except SQLAlchemyError as error:
        typer.secho(f"error: database: {str(error).splitlines()[0]}", fg="red", err=True)
        raise typer.Exit(FAILED) from None


async def _with_database(work: Callable[[Database, Settings], Awaitable[Result]]) -> Result:
    settings = Settings.load()
    database = Database(settings.database, _LIMITS)
    try:
        return await work(database, settings)
    finally:
        await database.close()


async def _import(
    database: Database, path: Path, file_format: FileFormat, options: Options, rejects: Path | None
) -> Report:
    with ExitStack() as stack:
        file = stack.enter_context(InputFile(path))
        refused = stack.enter_context(RejectsFile(rejects)) if rejects else None
        bar = stack.enter_context(progress_bar(DownloadColumn()))
        task = bar.add_task(path.name, total=file.size)
        return await import_postings(
            database,
            reader_for(file_format.value),
            file,
            options,
            refused,
            lambda position: bar.update(task, completed=position),
        )


def progress_bar(count: ProgressColumn) -> Progress:
    """On standard error, and only on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=_ERR, disable=not _ERR.is_terminal)


def _source(name: str) -> str:
    if (
        name in ("employer", "market")
        or not name.replace("-", "").replace("_", "").isalnum()
        or len(name) > 50
    ):
        raise typer.BadParameter("a name of letters, digits, - and _ that is neither 'employer' nor 'market'")
    return name
