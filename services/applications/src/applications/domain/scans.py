"""Scans: what they may be, told from their content and not from their names."""

from __future__ import annotations

from applications.domain.application import Application, Scan
from applications.domain.item import Item
from applications.domain.record import Aggregate, Record
from runtime.refusal import Clash, Refusal, TooLarge, Unknown, Unsupported

LARGEST = 10 * 1024 * 1024
"""Bytes of one scan."""

MOST_PIXELS = 50_000_000
"""An A4 page at 600 dpi has 35 million."""

MOST = 20
"""Scans of one application."""

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


def refuse_large(size: int) -> None:
    """Raise TooLarge for more bytes than a scan may have."""
    if size > LARGEST:
        raise TooLarge("scan-too-large", field="file", most=LARGEST // 1024 // 1024)


def attach(application: Application, item: Item, scan: Scan) -> Application:
    """Add a scan to an application that its applicant may change. Raises Refusal."""
    refuse_unchangeable(application)
    requirement = next((asked for asked in item.asked if asked.key == scan.requirement), None)
    if requirement is None:
        known = ", ".join(asked.key for asked in item.asked)
        raise Refusal("scan-unknown-requirement", field="requirement", known=known)
    if scan.document_type not in requirement.any_of:
        raise Refusal("scan-document-type", field="document_type", known=", ".join(requirement.any_of))
    if len(application.scans) >= MOST:
        raise Refusal("too-many-scans", field="file", most=MOST)
    return application.model_copy(update={"scans": (*application.scans, scan)})


def detach(application: Application, scan_id: str) -> Application:
    """Take a scan away again, as long as it has not been submitted. Raises Clash."""
    scan = find(application, scan_id)
    refuse_unchangeable(application)
    if scan.attempt <= application.attempt:
        raise Clash("scan-submitted")
    kept = tuple(each for each in application.scans if each.id != scan_id)
    return application.model_copy(update={"scans": kept})


def find(application: Application, scan_id: str) -> Scan:
    """Return a scan of an application. Raises Unknown."""
    found = next((scan for scan in application.scans if scan.id == scan_id), None)
    if found is None:
        raise Unknown("unknown-scan")
    return found


def refuse_unchangeable(application: Application) -> None:
    """Raise Clash unless the applicant may change the application: in a draft, and after a return."""
    if application.is_final:
        raise Clash("already-decided")
    if application.state == "in-progress":
        raise Clash("already-submitted")


class StoredFile(Record):
    """A scan's content in the file store, and the application that it was handed in for."""

    scan_id: str
    application_id: str


class KeptScan(Record):
    """A scan that its owner handed in once, and whose document it shows."""

    scan: Scan
    holder_index: str


class HandedIn(Aggregate):
    """What a resident has handed in so far, the newest scan of each document: asked once, used for every item.

    `id` is the resident id.
    """

    kept: tuple[KeptScan, ...] = ()

    def adding(self, kept: KeptScan) -> HandedIn:
        """Remember a scan; it replaces the older one of the same document."""
        others = [k for k in self.kept if _shows(k) != _shows(kept)]
        return self.model_copy(update={"kept": (*others, kept)})

    def without(self, scan_id: str) -> HandedIn:
        """Forget a scan."""
        return self.model_copy(update={"kept": tuple(k for k in self.kept if k.scan.id != scan_id)})

    def of(self, document_types: tuple[str, ...], holder_index: str) -> tuple[Scan, ...]:
        """Return the scans that show one of these documents of this person."""
        return tuple(
            k.scan for k in self.kept if k.holder_index == holder_index and k.scan.document_type in document_types
        )


def _shows(kept: KeptScan) -> tuple[str, str]:
    return kept.scan.document_type, kept.holder_index
