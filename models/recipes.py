"""Named tower shapes: which fields each tower reads."""

from __future__ import annotations

from features.transform import FeatureTransform
from models.encoder import WIDTH
from models.two_tower import TowerConfig

SHARED_FIELDS = ("title_text", "body_text", "geo", "terms", "place", "skills")


def tower_config_for(
    transform: FeatureTransform,
    *,
    hidden: int = 256,
    dropout: float = 0.1,
    residual: bool = True,
    seed: int = 0,
) -> TowerConfig:
    """The product's towers: users and jobs share every field but the company, which a user does not have."""
    sizes = transform.sizes(WIDTH)
    return TowerConfig(
        job_dense=sizes.job_dense,
        user_dense=sizes.user_dense,
        bags=sizes.bags,
        user_fields=SHARED_FIELDS,
        job_fields=(*SHARED_FIELDS, "company"),
        hidden=hidden,
        dropout=dropout,
        residual=residual,
        seed=seed,
    )
