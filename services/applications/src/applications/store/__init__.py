"""The only place that knows MongoDB and where the catalogue's files lie."""

from applications.store.documents import ENCRYPTED

__all__ = ["ENCRYPTED"]
