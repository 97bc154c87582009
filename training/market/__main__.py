"""`python -m training.market --preset demo --out DIR --seed 7`: write a simulated market."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from training.market import MarketConfig, generate, write_postings


class Preset(StrEnum):
    small = "small"
    demo = "demo"
    large = "large"


app = typer.Typer(add_completion=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    preset: Annotated[Preset, typer.Option(help="Size of the market.")] = Preset.demo,
    seed: Annotated[int, typer.Option(min=0)] = 7,
    postings: Annotated[
        int | None, typer.Option(min=1, help="Write this many postings and nothing else.")
    ] = None,
) -> None:
    """Write a simulated job market as Parquet. Everything in it is synthetic."""
    make = getattr(MarketConfig, preset.value)
    if postings is None:
        manifest = generate(make(seed), out)
    else:
        manifest = write_postings(make(seed, postings=postings), out)
    for name, entry in manifest.files.items():
        typer.echo(f"{out / name}: {entry.rows:,} synthetic rows, {entry.bytes / 1e6:.1f} MB")
    for kind, count in manifest.events.items():
        typer.echo(f"  {kind}: {count:,}")


if __name__ == "__main__":
    app()
