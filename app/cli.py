"""`jobpilot`: everything an operator does from a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.settings import Settings, SettingsError

if TYPE_CHECKING:
    from app.doctor import Check

USAGE_ERROR = 2
_err = Console(stderr=True, highlight=False)
cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
sync_app = typer.Typer(no_args_is_help=True, help="Make other stores agree with PostgreSQL.")
search_app = typer.Typer(no_args_is_help=True, help="The search index.")
bench_app = typer.Typer(no_args_is_help=True, help="Measure the running system.")


def main() -> None:
    """Entry point; the sub-applications are imported here so that importing this module stays cheap."""
    from app.auth.cli import account_app
    from app.ingestion.cli import import_app

    cli.add_typer(import_app, name="import")
    cli.add_typer(account_app, name="account")
    cli.add_typer(sync_app, name="sync")
    cli.add_typer(bench_app, name="bench")
    cli.add_typer(search_app, name="search")
    cli()


def _settings() -> Settings:
    try:
        return Settings.load(announce=lambda line: _err.print(line, style="dim"))
    except SettingsError as error:
        _fail(str(error), USAGE_ERROR)


def _fail(message: str, code: int = 1) -> NoReturn:
    _err.print(f"error: {message}", style="red")
    raise typer.Exit(code)


@cli.command()
def migrate() -> None:
    """Bring the database to the schema of this version."""
    from sqlalchemy.exc import OperationalError

    from app.migrations.runner import migrate as run
    from app.migrations.runner import newest

    try:
        before = run(_settings().database)
    except OperationalError as error:
        _fail(f"the database cannot be reached: {str(error.orig).strip()}")
    except SettingsError as error:
        _fail(str(error), USAGE_ERROR)
    after = newest()
    typer.echo(f"schema {after} (was {before or 'empty'})" if before != after else f"schema {after}, current")


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="default: APP_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="default: APP_PORT")] = None,
    workers: Annotated[int | None, typer.Option(help="processes; default: APP_WORKERS")] = None,
) -> None:
    """Run the web application."""
    import uvicorn

    settings = _checked()
    uvicorn.run(
        "app.main:served",
        factory=True,
        host=host or settings.app_host,
        port=port or settings.app_port,
        workers=workers or settings.app_workers,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=20,
    )


@cli.command()
def worker() -> None:
    """Run queued tasks until stopped."""
    from app import logging
    from app.worker import run_forever

    settings = _checked()
    logging.configure(settings.log_level, settings.log_format)
    asyncio.run(run_forever(settings))


@cli.command()
def doctor(
    audit_urls: Annotated[
        bool, typer.Option(help="look for addresses written into the code instead")
    ] = False,
) -> None:
    """Check the environment, the database, the queue and the serving layer; exit 1 if one is not well."""
    from app.doctor import Check, examine
    from app.url_audit import audit

    if audit_urls:
        found = audit()
        checks = [Check(f"{f.file}:{f.line}", False, f.text) for f in found]
        _report(checks or [Check("addresses", True, "all come from settings")])
    _report(asyncio.run(examine(_checked())))


@cli.command()
def verify(
    base_url: Annotated[str | None, typer.Option(help="default: PUBLIC_API_URL")] = None,
) -> None:
    """Ask a running installation, from outside, what it promises; exit 1 if an answer is wrong."""
    from app.verify import verify as ask

    _report(ask(base_url or _settings().public_api_url))


def _report(checks: Sequence[Check]) -> NoReturn:
    for check in checks:
        mark = "[green]ok[/]  " if check.ok else "[red]FAIL[/]"
        Console(highlight=False).print(f"{mark} {check.name:<12} {check.detail}")
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@cli.command("run")
def run_all(
    mlflow_port: Annotated[int, typer.Option(envvar="MLFLOW_PORT")] = 5000,
    demo: Annotated[bool, typer.Option(help="load the simulated market on the first run")] = True,
) -> None:
    """Run the whole system on this machine: database, worker, MLflow, serving and the application."""
    from app.supervisor.run import main as supervise

    raise typer.Exit(supervise(mlflow_port=mlflow_port, demo=demo))


@bench_app.command("recommendations")
def bench_recommendations(
    users: Annotated[int, typer.Option(min=1, max=500, help="accounts made for the run")] = 40,
    requests: Annotated[int, typer.Option(min=10, max=100_000, help="per level of concurrency")] = 400,
    seed: int = 7,
    json_out: Annotated[Path | None, typer.Option("--json", help="also write every figure here")] = None,
) -> None:
    """Latency of recommendations at concurrency 1, 8 and 32, and for accounts never seen before."""
    from app.benchmark import main as measure

    settings = _settings()
    base_url = f"http://{settings.app_host}:{settings.app_port}"
    raise typer.Exit(measure(base_url, users=users, requests=requests, seed=seed, json_out=json_out))


@sync_app.command("taxonomy")
def sync_taxonomy() -> None:
    """Store the places and skills of data/taxonomy/ (a worker does so every night)."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.taxonomy.files import TaxonomyMissingError

    try:
        stored = asyncio.run(_sync_taxonomy(_checked()))
    except (TaxonomyMissingError, SQLAlchemyError) as error:
        _fail(f"stopped, safe to run again: {error}")
    typer.echo(", ".join(f"{name}: {rows} rows" for name, rows in stored.items()) or "nothing is new")


async def _sync_taxonomy(settings: Settings) -> dict[str, int]:
    from app.db import Database, PoolLimits
    from app.taxonomy import files, service

    database = Database(settings.database, PoolLimits(size=1, statement_s=120, lock_s=90))
    try:
        async with database.transaction() as session:
            return await service.load(session, files.folder())
    finally:
        await database.close()


@bench_app.command("search")
def bench_search(
    postings: Annotated[int, typer.Option(min=1000, max=5_000_000, help="simulated")] = 100_000,
    queries: Annotated[int, typer.Option(min=10, max=10_000, help="per class, in process")] = 300,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="per run through HTTP")] = 20.0,
    workers: Annotated[int, typer.Option(min=1, max=16, help="processes of the application")] = 2,
    folder: Annotated[Path, typer.Option(help="database and index of the run; used again")] = Path(
        "data/bench-search"
    ),
    peers: Annotated[bool, typer.Option(help="also PostgreSQL and bm25s")] = True,
    seed: int = 7,
    json_out: Annotated[Path | None, typer.Option("--json", help="also write every figure here")] = None,
) -> None:
    """Our search beside PostgreSQL's and bm25s over the same simulated postings, and through HTTP."""
    from app.search.benchmark import Plan
    from app.search.benchmark import main as measure

    plan = Plan(postings, queries, seconds, workers, seed, folder)
    raise typer.Exit(measure(plan, peers=peers, json_out=json_out))


@bench_app.command("relevance")
def bench_relevance(
    judgements: Annotated[Path, typer.Argument(help="lines of query,source,posting,grade")],
    pool: Annotated[Path | None, typer.Option(help="write what is to be judged here instead")] = None,
) -> None:
    """NDCG@10 of keyword, semantic and hybrid search over judged queries, asked of the running system."""
    import httpx

    from app.db import Database
    from app.search import relevance

    settings = _settings()
    base_url = f"http://{settings.app_host}:{settings.app_port}"

    async def ask() -> None:
        database = Database(settings.database)
        try:
            judged = relevance.read_judgements(judgements)
            if pool is not None:
                written = await relevance.pool(base_url, database, list(judged), pool)
                typer.echo(f"{written} results of {len(judged)} queries to judge in {pool}")
            else:
                results = await relevance.measure(base_url, database, judged)
                Console().print(relevance.table(results))
        finally:
            await database.close()

    try:
        asyncio.run(ask())
    except (OSError, httpx.HTTPError, relevance.JudgementsError) as error:
        _fail(str(error))


@sync_app.command("serving")
def sync_serving() -> None:
    """Send every active posting to the serving layer and delete the others there."""
    from sqlalchemy.exc import SQLAlchemyError

    from serving.client import ServingError

    try:
        upserted, deleted = asyncio.run(_sync_serving(_checked()))
    except (ServingError, SQLAlchemyError) as error:
        _fail(f"stopped, safe to run again: {error}")
    typer.echo(f"{upserted} active postings sent, {deleted} inactive deleted")


async def _sync_serving(settings: Settings) -> tuple[int, int]:
    from app.db import Database, PoolLimits
    from app.job import repository
    from app.job.push import push_all
    from serving.client import ServingClient

    database = Database(settings.database, PoolLimits(size=2, statement_s=120, lock_s=90))
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    try:
        async with database.transaction() as session:
            active, inactive = await repository.count_by_activity(session)
        async with ServingClient(settings.serving_url) as serving:
            with Progress(*columns, console=_err, disable=not _err.is_terminal) as progress:
                bars = {
                    "active": progress.add_task("sending", total=active),
                    "inactive": progress.add_task("deleting", total=inactive),
                }
                return await push_all(
                    database, serving, lambda kind, count: progress.advance(bars[kind], count)
                )
    finally:
        await database.close()


@search_app.command("rebuild")
def search_rebuild() -> None:
    """Build a new index beside the live one and change over to it."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.search.engine import EngineError
    from app.search.follow import RebuildRunningError, RebuildStoppedError

    try:
        name, count = asyncio.run(_rebuild_search(_checked()))
    except RebuildRunningError:
        _fail("another process is building an index")
    except (EngineError, RebuildStoppedError, SQLAlchemyError) as error:
        _fail(f"stopped, the old index still answers, safe to run again: {error}")
    typer.echo(f"{count} postings in {name}, live")


async def _rebuild_search(settings: Settings) -> tuple[str, int]:
    from app.db import Database, PoolLimits
    from app.search import follow, repository
    from app.search.provider import index_at

    index = index_at(settings.search_url.get_secret_value())
    if index is None:
        _fail("SEARCH_URL names no index", USAGE_ERROR)
    database = Database(settings.database, PoolLimits(size=3, statement_s=120, lock_s=90))
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    try:
        async with database.transaction() as session:
            total = await repository.active_count(session)
        with Progress(*columns, console=_err, disable=not _err.is_terminal) as progress:
            bar = progress.add_task("indexing", total=total)
            return await follow.rebuild(database, index, lambda count: progress.advance(bar, count))
    finally:
        await index.close()
        await database.close()


def _checked() -> Settings:
    """Settings whose database is named, too: a process would fail on its first query otherwise."""
    settings = _settings()
    try:
        _ = settings.database
    except SettingsError as error:
        _fail(str(error), USAGE_ERROR)
    return settings


if __name__ == "__main__":
    main()
