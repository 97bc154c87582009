"""`jobpilot account`: what an operator decides about accounts. There is no default administrator."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from app.auth import repository
from app.auth.schemas import Email
from app.db import Database, PoolLimits
from app.kit.clock import utcnow
from app.settings import Settings, SettingsError

account_app = typer.Typer(no_args_is_help=True, help="Staff rights, and ending somebody's sessions.")
Address = Annotated[str, typer.Argument(help="the account's e-mail")]


@account_app.command("grant-staff")
def grant_staff(email: Address) -> None:
    """Make an existing account staff."""
    _run(email, staff=True)
    typer.echo("granted; it holds from the next request on")


@account_app.command("revoke-staff")
def revoke_staff(email: Address) -> None:
    """Take the rights back and end the account's sessions."""
    _run(email, staff=False)
    typer.echo("revoked, sessions ended")


@account_app.command("end-sessions")
def end_sessions(email: Address) -> None:
    """End every session of an account, for instance when somebody reports a theft."""
    _run(email, staff=None)
    typer.echo("sessions ended")


def _run(email: str, *, staff: bool | None) -> None:
    try:
        address = TypeAdapter(Email).validate_python(email)
        found = asyncio.run(_change(Settings.load(), address, staff))
    except ValidationError:
        raise typer.BadParameter("not a mail address") from None
    except SettingsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    if not found:
        typer.echo("error: no account has this address", err=True)
        raise typer.Exit(1)


async def _change(settings: Settings, email: str, staff: bool | None) -> bool:
    database = Database(settings.database, PoolLimits(size=1))
    try:
        async with database.transaction() as session:
            user = await repository.user_by_email(session, email)
            if user is None:
                return False
            if staff is not None:
                user.is_staff = staff
            if not staff:
                await repository.end_sessions(session, utcnow(), "admin", user_id=user.id)
            return True
    finally:
        await database.close()
