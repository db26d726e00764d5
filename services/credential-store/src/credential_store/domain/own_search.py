"""Finding one among one's own credentials by words: what it is, its identifier, what it says."""

from __future__ import annotations

from unicodedata import normalize

from credential_store.domain.credential import Credential
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.status import visible_fields


def says(credential: Credential, words: str, types: DocumentTypes) -> bool:
    """Tell whether all words stand in a credential, in either language; width and case make no difference."""
    issue = credential.current
    if issue is None:
        return False
    name = types.of(credential.document_type).name
    fields = visible_fields(credential, issue).values()
    values = [each for value in fields for each in (value if isinstance(value, list) else [value])]
    text = _plain(" ".join(map(str, (name.zh_cn, name.en, issue.identifier, *values))))
    return all(word in text for word in _plain(words).split())


def _plain(text: str) -> str:
    return normalize("NFKC", text).casefold()
