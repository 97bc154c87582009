"""What is kept of a resume that somebody tries."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from app.resume.document import Document
from app.resume.reading_schemas import LeftOutItem
from serving.language_schemas import ReadNotice
from serving.schemas import UserDocument


class Tried(BaseModel):
    """`document` is what was read; `text` the file's words without contact data: a model sees no more."""

    model_config = ConfigDict(frozen=True)

    document: Document
    text: str
    skills: tuple[str, ...]
    experience_years: float | None
    left_out: tuple[LeftOutItem, ...] = ()
    warnings: tuple[ReadNotice, ...] = ()

    @property
    def title(self) -> str:
        """As the person calls their work: the headline, or else what they did last."""
        work = self.document.work
        return self.document.basics.label or next((item.position for item in work if item.position), "")

    @property
    def place(self) -> str:
        found = self.document.basics.location
        return ", ".join(part for part in (found.city, found.region or found.country_code) if part)

    @property
    def says_enough(self) -> bool:
        """Whether there is something to match by."""
        return bool(self.title or self.skills)

    def person(self) -> UserDocument:
        """As the serving layer sees somebody it does not know."""
        return UserDocument(
            user_id=0,
            desired_title=self.title[:300],
            resume_text=self.text,
            skills=self.skills,
            location=self.place[:300],
            experience_years=self.experience_years,
        )
