"""What the fields of documents are called, for people who read them."""

from __future__ import annotations

from runtime.texts import Texts

_TEXTS = Texts.of("standards")


def field_name(document_type: str, field: str, language: str) -> str:
    """Name a field of a document; one that the document type does not know is a further entry."""
    key = f"fields.{document_type}.{field}"
    return _TEXTS.say(language, key if _TEXTS.has(key) else "other-field")
