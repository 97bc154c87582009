"""Why a resume could not be read. `code` is stable and may be shown to machines, the message to people."""

from __future__ import annotations


class ResumeError(Exception):
    """Base of all. Every message is one sentence that says what to do."""

    code = "resume_error"
    default = "The resume could not be read; please try another file."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.default)


class UnsupportedFileError(ResumeError):
    """The content (not the name) is none of the kinds we read, or claims to be two at once."""

    code = "unsupported_file"
    default = (
        "This is not a PDF, DOCX, plain text, JSON Resume or LinkedIn export file; please save it as one."
    )


class EncryptedFileError(ResumeError):
    code = "encrypted_file"
    default = "This file is protected by a password; please save a copy without one and upload that."


class NoTextError(ResumeError):
    """Nothing legible: a scan, outlines instead of letters, or an empty file."""

    code = "no_text"
    default = (
        "No text was found: this looks like a scan or an image, so please upload the original document "
        "or run text recognition (OCR) on it first."
    )


class TooLargeError(ResumeError):
    """More bytes, characters, unpacked bytes, objects or memory than `Limits` allows."""

    code = "too_large"
    default = "This file is too large or unpacks to too much; please upload a smaller one."


class TooManyPagesError(ResumeError):
    code = "too_many_pages"
    default = "This document has too many pages for a resume; please upload a shorter one."


class MalformedFileError(ResumeError):
    """Broken, truncated, or built against the format's rules (links out of the file, entities, bad paths)."""

    code = "malformed_file"
    default = "This file is damaged or not built by the rules of its format; please save it again and retry."


class ReadTimeoutError(ResumeError):
    code = "read_timeout"
    default = "Reading this file took too long and was stopped; please save it again in a simpler form."


class ParserBusyError(ResumeError):
    """All children were at work for as long as the caller was ready to wait; trying later helps."""

    code = "parser_busy"
    default = "Too many resumes are being read just now; please try again in a few seconds."


_FAMILY: tuple[type[ResumeError], ...] = (
    UnsupportedFileError,
    EncryptedFileError,
    NoTextError,
    TooLargeError,
    TooManyPagesError,
    MalformedFileError,
    ReadTimeoutError,
    ParserBusyError,
)
BY_CODE: dict[str, type[ResumeError]] = {error.code: error for error in _FAMILY}
