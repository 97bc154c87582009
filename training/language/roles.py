"""Teaches models/sentence_roles.py from the headings of postings: no label is written by hand.

A passage under a heading that announces a role is an example of that role; the heading itself is never
shown to the model. Postings are grouped by company (the beginning of their first line), so that a split by
group leaves no company's wording on both sides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from features.headings import ROLES, heading_role
from features.passages import Passage, passages
from features.posting_roles import stated_roles
from features.snapshot import read_jobs
from models.encoder import SentenceEncoder, export_encoder
from models.sentence_roles import WIDTH, Csr, Encode, SentenceRoles, role_inputs
from training.pipeline import Workspace
from training.tracking import start_run

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
_COMPANY_ENDS = re.compile(r"[|,(\n–:-]")
#: The weights a fresh machine starts with, trained by `jobpilot-ml train-roles`; see card.json beside them.
TRACKED = Path("data/language/posting_roles")
COMMAND = "jobpilot-ml train-roles, on a snapshot with imported real postings"
#: A posting with fewer of our headings tells little, and one with fifty passages of one role too much.
MIN_ROLES = 2
STRIDE = 5
MAX_PER_ROLE = 8
#: Inverse strength of the L2 penalty; chosen on a tenth of the training companies among .1, .3, 1, 3, 10.
REGULARISATION = 1.0


@dataclass(frozen=True, slots=True)
class RoleExamples:
    """`texts[i]` is of role ROLES[`roles[i]`], by company `groups[i]`; `inputs` is (n, WIDTH) sparse."""

    texts: list[str]
    inputs: Csr
    roles: I64
    groups: list[str]

    def take(self, rows: I64) -> RoleExamples:
        return RoleExamples(
            [self.texts[i] for i in rows], self.inputs[rows], self.roles[rows], [self.groups[i] for i in rows]
        )


def collect_examples(postings: Iterable[str], encode: Encode, limit: int) -> RoleExamples:
    """At most `limit` passages whose heading says what they are."""
    texts: list[str] = []
    roles: list[int] = []
    groups: list[str] = []
    inputs: list[Csr] = [sparse.csr_matrix((0, WIDTH), dtype=np.float32)]
    for posting in postings:
        parts = passages(posting)
        chosen = _labelled(parts)
        if len(set(chosen.values())) < MIN_ROLES:
            continue
        rows = list(chosen)
        inputs.append(role_inputs(parts, encode)[rows])
        texts += [parts[i].text for i in rows]
        roles += list(chosen.values())
        groups += [company_of(posting)] * len(rows)
        if len(texts) >= limit:
            break
    return RoleExamples(texts, sparse.vstack(inputs, format="csr"), np.array(roles, np.int64), groups)


def spread(snapshot: Path) -> Iterator[str]:
    """Texts from the whole snapshot, not from its beginning: postings by id are postings by age."""
    for at, job in enumerate(read_jobs(snapshot)):
        if at % STRIDE == 0:
            yield job.description


def train_roles(examples: RoleExamples, regularisation: float = REGULARISATION) -> SentenceRoles:
    """Deterministic. Raises ValueError if a role has no example."""
    missing = [role for at, role in enumerate(ROLES) if not (examples.roles == at).any()]
    if missing:
        raise ValueError(f"no example of {', '.join(missing)}: more postings with headings are needed")
    model = LogisticRegression(C=regularisation, max_iter=500, class_weight="balanced")
    model.fit(examples.inputs, examples.roles)
    return SentenceRoles(
        np.ascontiguousarray(model.coef_.T, np.float32), np.asarray(model.intercept_, np.float32)
    )


def split_by_company(examples: RoleExamples, share: float, seed: int) -> tuple[RoleExamples, RoleExamples]:
    """(train, held out); no company is in both."""
    names = sorted(set(examples.groups))
    held = set(np.random.default_rng(seed).permutation(names)[: round(share * len(names))].tolist())
    out = np.array([g in held for g in examples.groups], bool)
    return examples.take(np.flatnonzero(~out)), examples.take(np.flatnonzero(out))


def company_of(posting: str) -> str:
    return _COMPANY_ENDS.split(posting.lstrip()[:80], maxsplit=1)[0].strip().lower()


def _labelled(parts: list[Passage]) -> dict[int, int]:
    """Row -> role index, where the heading says it and the passage's own words do not say otherwise."""
    found: dict[int, int] = {}
    seen = [0] * len(ROLES)
    for row, (part, stated) in enumerate(zip(parts, stated_roles(parts), strict=True)):
        if part.kind == "heading" or stated is None:
            continue
        above = heading_role(parts[part.heading].text) if part.heading >= 0 else None
        if above != stated and stated != "legal":
            continue
        role = ROLES.index(stated)
        seen[role] += 1
        if seen[role] <= MAX_PER_ROLE:
            found[row] = role
    return found


def train_from(work: Workspace, out: Path, limit: int = 15_000) -> dict[str, float]:
    """Trains on the postings of a snapshot, writes weights and card, in one tracked run.

    The figures are those of a model that did not see a fifth of the companies, on that fifth; the weights
    are of a model that saw all. Raises ValueError if a role has no example.
    """
    with start_run(
        "jobpilot/posting-roles", uri=work.settings.tracking_uri, artifacts=work.settings.artifacts
    ) as run:
        encoder = SentenceEncoder(
            export_encoder(work.settings.work / "encoder", work.settings.encoder_source)
        )
        examples = collect_examples(spread(work.snapshot), encoder.encode, limit)
        learnt, held = split_by_company(examples, 0.2, seed=0)
        guess = train_roles(learnt).from_inputs(held.inputs).argmax(1)
        figures = {
            "passages": float(len(examples.texts)),
            "companies": float(len(set(examples.groups))),
            "held_out_accuracy": round(float((guess == held.roles).mean()), 4),
        }
        run.params({"snapshot": work.snapshot.name, "limit": limit, "regularisation": REGULARISATION})
        run.metrics(figures)
        train_roles(examples).save(out)
        card = {"model": "posting_roles", "encoder": encoder.version, "command": COMMAND, "figures": figures}
        (out / "card.json").write_text(json.dumps(card, indent=1) + "\n")
        run.artifact(out, "posting_roles")
    return figures
