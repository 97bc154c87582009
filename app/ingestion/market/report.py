"""What a market import did, for a person."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from app.ingestion.market.service import MarketReport


def print_market(report: MarketReport, console: Console) -> None:
    table = Table(title=f"{report.folder} (synthetic data)", title_justify="left")
    table.add_column("rows")
    table.add_column("new", justify="right")
    for name in ("companies", "seekers", "impressions", "events"):
        table.add_row(name, f"{getattr(report, name):,}")
    table.add_row("postings", f"{report.postings_added:,}")
    table.add_row("postings changed", f"{report.postings_updated:,}")
    table.add_row("postings as before", f"{report.postings_unchanged:,}")
    if report.events_without_owner:
        table.add_row("events passed over: seeker or posting unknown", f"{report.events_without_owner:,}")
    console.print(table)
    for note in report.notes:
        console.print(f"note: {note}", highlight=False)
    console.print(f"{report.queued:,} queued for the serving layer; {report.seconds:.1f} s", highlight=False)
    if report.demo_email:
        password = report.demo_password or "(as before)"
        console.print(f"demo login: {report.demo_email}  {password}", highlight=False, markup=False)
