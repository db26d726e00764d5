"""Scans of an application: handing in, taking back, using again."""

from __future__ import annotations

from applications.domain.application import Application, ApplicationScan
from applications.domain.item import ServiceItem
from applications.domain.record import Aggregate, ApplicationsModel
from runtime.errors import Conflict, NotFound, Refusal

MOST = 20
"""Scans of one application."""


def attach(application: Application, item: ServiceItem, scan: ApplicationScan) -> Application:
    """Add a scan to an application that its applicant may change. Raises Refusal."""
    refuse_unfit(application, item, scan.requirement, scan.document_type)
    return application.model_copy(update={"scans": (*application.scans, scan)})


def refuse_unfit(application: Application, item: ServiceItem, requirement: str, document_type: str) -> None:
    """Refuse a scan that the application can't take: for what it is for, or as there are too many. Raises Refusal."""
    refuse_unchangeable(application)
    asked = next((each for each in item.asked if each.key == requirement), None)
    if asked is None:
        known = ", ".join(each.key for each in item.asked)
        raise Refusal("scan-unknown-requirement", field="requirement", known=known)
    if document_type not in asked.any_of:
        raise Refusal("scan-document-type", field="document_type", known=", ".join(asked.any_of))
    if len(application.scans) >= MOST:
        raise Refusal("too-many-scans", field="file", most=MOST)


def detach(application: Application, scan_id: str) -> Application:
    """Take a scan away again, as long as it has not been submitted. Raises Conflict."""
    scan = find(application, scan_id)
    refuse_unchangeable(application)
    if scan.attempt <= application.attempt:
        raise Conflict("scan-submitted")
    kept = tuple(each for each in application.scans if each.id != scan_id)
    return application.model_copy(update={"scans": kept})


def find(application: Application, scan_id: str) -> ApplicationScan:
    """Return a scan of an application. Raises NotFound."""
    found = next((scan for scan in application.scans if scan.id == scan_id), None)
    if found is None:
        raise NotFound("unknown-scan")
    return found


def refuse_unchangeable(application: Application) -> None:
    """Raise Conflict unless the applicant may change the application: in a draft, and after a return."""
    if application.is_final:
        raise Conflict("already-decided")
    if application.state == "in-progress":
        raise Conflict("already-submitted")


class KeptScan(ApplicationsModel):
    """A scan that its owner handed in once, and whose document it shows."""

    scan: ApplicationScan
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
        return self.model_copy(update={"kept": tuple(k for k in self.kept if k.scan.id != scan_id)})

    def of(self, document_types: tuple[str, ...], holder_index: str) -> tuple[ApplicationScan, ...]:
        """Return the scans that show one of these documents of this person."""
        return tuple(
            k.scan for k in self.kept if k.holder_index == holder_index and k.scan.document_type in document_types
        )


def _shows(kept: KeptScan) -> tuple[str, str]:
    return kept.scan.document_type, kept.holder_index
