"""What identity keeps, and how: documents in MongoDB, with what describes people sealed."""

from identity.store.documents import ENCRYPTED

__all__ = ["ENCRYPTED"]
