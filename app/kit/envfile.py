"""Environment files with one rule: the operating system wins, then the first file found, alone.

`.env.local` is looked for first, then `.env`; the search stops at the first that exists and the
two are never merged. Variables that are already set are not touched.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from dotenv import dotenv_values

FILES = (".env.local", ".env")


def load_environment(folder: Path, environment: MutableMapping[str, str]) -> str:
    """Adds the file's variables to `environment` in place; returns the line that says what was read."""
    for name in FILES:
        file = folder / name
        if file.is_file():
            for key, value in dotenv_values(file, interpolate=False, encoding="utf-8").items():
                environment.setdefault(key, value or "")
            return f"✅ Loaded environment from: {file}"
    return "⚠️ No environment file found, using system environment variables"
