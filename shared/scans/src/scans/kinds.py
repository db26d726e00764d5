"""What scans and photographs may be: JPEG, PNG and PDF, told from their content and not from their names."""

from __future__ import annotations

from runtime.errors import Refusal, TooLarge, Unsupported

LARGEST = 10 * 1024 * 1024
"""Bytes of one scan that comes in one request."""

MOST_PIXELS = 50_000_000
"""An A4 page at 600 dpi has 35 million."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)
_PDF = b"%PDF-"
_LEAD = b"\xef\xbb\xbf\x00\t\n\f\r "
"""What programs write before a PDF: the mark of UTF-8, blanks, line breaks."""


def media_type_of(content: bytes) -> str:
    """Tell what a file is by its first bytes. Raises Refusal when it is empty, Unsupported when it is anything else."""
    if not content:
        raise Refusal("scan-empty", field="file")
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    if without_lead(content).startswith(_PDF):
        return "application/pdf"
    raise Unsupported("scan-media-type", field="file", accepted="JPEG, PNG, PDF")


def without_lead(content: bytes) -> bytes:
    """Return a PDF from where it begins; its places count from there."""
    return content.lstrip(_LEAD)


def refuse_large(size: int, most: int = LARGEST) -> None:
    """Raise TooLarge for more bytes than a scan may have."""
    if size > most:
        raise TooLarge("scan-too-large", field="file", most=most // 1024 // 1024)
