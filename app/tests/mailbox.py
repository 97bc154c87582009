"""Reading what the app mailed, as its recipient would: from the outbox, before a worker sends it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI
from sqlalchemy import text

from app.db import Database


@dataclass(frozen=True, slots=True)
class Mailbox:
    application: FastAPI
    database: Database

    async def kinds(self, address: str) -> list[str]:
        """Oldest first."""
        async with self.database.transaction() as session:
            query = text("SELECT kind FROM mail WHERE recipient = :address ORDER BY id")
            return list((await session.execute(query, {"address": address})).scalars())

    async def tokens(self, address: str, kind: str) -> list[str]:
        """The secrets of the links mailed to the address, oldest first."""
        async with self.database.transaction() as session:
            query = text("SELECT public_id FROM mail WHERE recipient = :address AND kind = :kind ORDER BY id")
            found = (await session.execute(query, {"address": address, "kind": kind})).scalars()
            return [self.application.state.signer.mailed(public_id) for public_id in found]

    async def newest(self, address: str, kind: str) -> str:
        return (await self.tokens(address, kind))[-1]
