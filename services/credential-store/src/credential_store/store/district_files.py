"""The district's data: what is issued, and by whom. A fault is reported with its file and line."""

from __future__ import annotations

from pathlib import Path

from credential_store.domain.document_types import Authorities, DocumentTypes, IssuedType
from runtime.data_files import DataFileError, fault_at, load
from standards.document_types import FOLDER, read


def read_types(authorities: Path, registry: Path = FOLDER) -> DocumentTypes:
    """Read the document types and who stands behind them. Raises DataFileError."""
    behind = load(authorities, Authorities)
    kinds = {code: registered.document_type for code, registered in read(IssuedType, registry).items()}
    types = DocumentTypes(**dict(behind), document_types=kinds)
    if faults := [fault_at(registry / f"{code}.yaml", place, wrong) for code, place, wrong in types.faults()]:
        raise DataFileError("\n".join(faults))
    return types
