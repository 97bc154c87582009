from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, UploadFile, status
from fastapi.responses import FileResponse

from app.auth.access import PUBLIC, CurrentUser
from app.db import Session
from app.errors import NotFoundError
from app.user import pictures, service
from app.user.account_endpoints import Files
from app.user.schemas import ProfileAnswer, ProfilePatch, SkillsRequest

router = APIRouter(prefix="/auth/profile", tags=["profile"])
media = APIRouter(prefix="/media", tags=["profile"])
#: A multipart body is a little larger than the file in it.
MAX_BODY = pictures.MAX_BYTES + 100_000
JPEG = "image/jpeg"


@router.get("/")
async def get_profile(user: CurrentUser, session: Session) -> ProfileAnswer:
    return await service.profile(session, user.user_id)


@router.patch("/")
async def change_profile(body: ProfilePatch, user: CurrentUser, session: Session) -> ProfileAnswer:
    return await service.change(session, user.user_id, body)


@router.put("/skills/")
async def replace_skills(body: SkillsRequest, user: CurrentUser, session: Session) -> ProfileAnswer:
    """The whole list with its details. The profile's `skills` is the same list, names only."""
    return await service.replace_skills(session, user.user_id, body)


@router.put("/avatar/", max_body_size=MAX_BODY)
async def put_avatar(file: UploadFile, user: CurrentUser, session: Session, storage: Files) -> ProfileAnswer:
    """A JPEG, PNG or WebP picture of at most 5 MB and 16 million pixels. We keep a square JPEG of our own
    making, without what the file says about place and camera."""
    data = await file.read(pictures.MAX_BYTES + 1)
    return await service.change_picture(session, storage, user.user_id, data)


@router.delete("/avatar/", status_code=status.HTTP_204_NO_CONTENT)
async def delete_avatar(user: CurrentUser, session: Session) -> None:
    await service.drop_picture(session, user.user_id)


@media.get(
    "/avatars/{name}",
    dependencies=[PUBLIC],
    response_class=FileResponse,
    responses={200: {"content": {JPEG: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def read_avatar(
    name: Annotated[str, Path(pattern=r"^[0-9a-f]{32}\.jpg$")], storage: Files
) -> FileResponse:
    """The name is random: who was given the address may see the picture."""
    file = pictures.file_of(storage, name)
    if file is None:
        raise NotFoundError("no such picture")
    headers = {"Cache-Control": "private, max-age=300"}
    return FileResponse(file, media_type=JPEG, filename=name, headers=headers)
