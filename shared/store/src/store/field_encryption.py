"""The vault: MongoDB's client-side field encryption, explicit, with data keys that only a master key opens.

Where that master key is on this machine, values are sealed and opened here (`data_keys.py`), in a fraction of the time
that the driver's library takes for the same bytes. The library makes data keys, and does the rest where the master key
is at a key management service.

Data keys lie in the service's own database (`keys`), numbered, each wrapped by a master key that the store never sees.
The newest one encrypts; whatever was encrypted by an older one can be read as long as that is there. A process looks
for newer keys every few seconds, so that keys can be changed while it runs.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from bson.binary import UUID_SUBTYPE, Binary
from bson.codec_options import CodecOptions
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from prometheus_client import Counter
from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError, EncryptionError, PyMongoError
from pymongo.read_concern import ReadConcern

from store.data_keys import ENCRYPTED, DamagedError, DataKey, decrypted
from store.sealed_fields import SEALED, Fields, name_of

if TYPE_CHECKING:
    from pymongo.asynchronous.encryption import AsyncClientEncryption

KEYS = "keys"
OWN = "vault"
"""The collection with what the vault keeps for itself: the key of digests and indexes, sealed."""

NUMBER = "keyAltNames"
"""The field in which a data key has its number, as text in a list of one."""

_KNOWN_WITHIN = 10.0
_KNOWN_SOON = 0.02
FRESH = 5.0
"""Seconds for which what is known of the keys is good enough to seal with."""

_DIGESTS = "digests"
_IN_A_ROW = 20
_MISSING = ("is not configured", "not all keys requested were satisfied")
"""What libmongocrypt says when it lacks a master key or a data key."""
_KEY_PLACE = slice(1, 17)
_LOCAL = "local"
"""The kind of provider of a master key that is in a file of this machine."""

ResultT = TypeVar("ResultT")

log = structlog.get_logger()


TAMPERED = Counter("yizheng_stored_values_tampered", "Stored values that were damaged, or put where they do not belong")


class VaultError(Exception):
    """A value that can't be sealed or opened."""


class TamperedError(VaultError):
    """A sealed value that was damaged, or is another document's; counted wherever one is found."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        TAMPERED.inc()


class KeyMissingError(VaultError):
    """The key for it is not here: nothing of the store can be read or written until it is."""


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """Key management services by name as the driver wants them, and the one that wraps new data keys."""

    providers: Mapping[str, Mapping[str, Any]] = field(repr=False)
    newest: str
    master_key: Mapping[str, Any] | None = None
    tls: Mapping[str, Any] | None = None

    def wraps(self, data_key: Mapping[str, Any]) -> bool:
        """Tell whether a data key's document says that the newest master key wraps it."""
        wanted = {"provider": self.newest, **(self.master_key or {})}
        return wanted.items() <= dict(data_key["masterKey"]).items()


class Vault:
    """Seals and opens the personal fields of one service's database."""

    def __init__(
        self,
        client: AsyncMongoClient[Fields],
        database: str,
        *,
        master_keys: Callable[[], MasterKeys],
        codecs: CodecOptions[Fields],
    ) -> None:
        self._client = client
        self._namespace = f"{database}.{KEYS}"
        self._codecs = codecs
        self._read_master_keys = master_keys
        self._digest_key: bytes | None = None
        self._index_cipher: AESSIV | None = None
        self.keys = client[database][KEYS]
        # The encryption library reads keys of which a majority knows, and takes one that was just made for missing.
        self._known_keys = self.keys.with_options(read_concern=ReadConcern("majority"))
        self._own = client[database][OWN]
        self.master_keys = master_keys()
        self._driver: AsyncClientEncryption[Fields] | None = None
        self._opened: dict[Binary, DataKey | None] = {}
        self._newest: Binary | None = None
        self._as_of = 0.0
        self._in_a_row = 0
        self._refreshing = asyncio.Lock()

    async def prepare(self) -> None:
        """Make the first data key when there is none, and open the key of digests and indexes, which stays for good.

        Raises KeyMissingError when the master key for it is not among those of the settings.
        """
        whose = name_of(OWN, _DIGESTS)
        if await self._own.find_one({"_id": _DIGESTS}) is None:
            fresh = await self.encrypt({"key": secrets.token_bytes(32)}, whose)
            with suppress(DuplicateKeyError):  # another process was faster: the key is its
                await self._own.insert_one({"_id": _DIGESTS, SEALED: fresh})
        found = await self._own.find_one({"_id": _DIGESTS}) or {}
        self._digest_key = key = (await self.decrypt(found[SEALED], whose))["key"]
        self._index_cipher = AESSIV(hmac.digest(key, b"index", "sha512"))

    async def encrypt(self, fields: Mapping[str, Any], of: str) -> Binary:
        """Encrypt fields as one value, under the newest data key. Raises VaultError, KeyMissingError."""
        await self._let_others_work()
        return await self._twice(partial(self._encrypt, {"of": of, "is": fields}))

    async def decrypt(self, sealed: Any, of: str) -> Fields:  # noqa: ANN401 - whatever the store gave
        """Decrypt fields. Raises VaultError when the value is damaged or was sealed for another document."""
        await self._let_others_work()
        content = await self._twice(partial(self._decrypt, sealed))
        if content["of"] != of:
            raise TamperedError(f"the sealed value of {of} was sealed for {content['of']}")
        found: Fields = content["is"]
        return found

    async def encrypt_again(self, sealed: Binary) -> Binary:
        """Encrypt under the newest data key what another one has encrypted. Raises VaultError, KeyMissingError."""
        with self._told():
            return await self._encrypt(await self._decrypt(sealed))

    def digest(self, content: bytes) -> str:
        """Return a keyed hash (HMAC-SHA-256) of a content. Raises VaultError before the vault was prepared."""
        if self._digest_key is None:
            raise VaultError("the key of the digests has not been opened yet")
        return hmac.digest(self._digest_key, content, "sha256").hex()

    def encrypt_index(self, index: str) -> bytes:
        """Encrypt a blind index (AES-SIV) under a key of this database alone. Raises VaultError like `digest`."""
        return self._for_indexes.encrypt(index.encode(), None)

    def decrypt_index(self, stored: bytes) -> str:
        """Return the blind index. Raises VaultError for what this database's key has not encrypted."""
        try:
            return self._for_indexes.decrypt(stored, None).decode()
        except InvalidTag as error:
            raise TamperedError(f"{self._namespace}: not an encrypted index") from error

    @property
    def _for_indexes(self) -> AESSIV:
        if self._index_cipher is None:
            raise VaultError("the key of the indexes has not been opened yet")
        return self._index_cipher

    async def newest(self) -> Binary:
        """Return the id of the data key to seal with; what is known of the keys is a few seconds old at most."""
        if self._newest is None or monotonic() - self._as_of > FRESH:
            async with self._refreshing:
                if self._newest is None or monotonic() - self._as_of > FRESH:
                    return await self.refresh()
        return self._newest

    async def refresh(self) -> Binary:
        """Take over master keys and data keys that have come since; return the newest data key."""
        begun = monotonic()
        self._take_over_master_keys()
        numbers = [(int(row[NUMBER][0]), _id_of(row)) async for row in self._known_keys.find({}, {NUMBER: 1})]
        if not numbers:
            await self.keys.create_index(NUMBER, unique=True)
        self._newest = max(numbers)[1] if numbers else await self.add(1)
        self._as_of = begun
        return self._newest

    async def add(self, number: int) -> Binary:
        """Make the data key of a number, or return the one that another process has made. Raises VaultError."""
        wanted = self.master_keys
        try:
            return await self.encryption.create_data_key(
                wanted.newest, master_key=wanted.master_key, key_alt_names=[str(number)]
            )
        except (DuplicateKeyError, EncryptionError) as error:
            _raise_outage(error)
            found = await self.keys.find_one({NUMBER: str(number)}, {"_id": 1})
            if found is None:
                raise VaultError(f"no data key can be made: {error}") from error
            await self._until_known(_id_of(found))
            return _id_of(found)

    async def _until_known(self, data_key: Binary) -> None:
        """Wait until a majority of the store knows a data key. Raises ConnectionError when that takes too long."""
        deadline = monotonic() + _KNOWN_WITHIN
        while await self._known_keys.find_one({"_id": data_key}, {"_id": 1}) is None:
            if monotonic() > deadline:
                raise ConnectionError("no majority of the store knows the newest data key")
            await asyncio.sleep(_KNOWN_SOON)

    async def _let_others_work(self) -> None:
        """Hundreds of values in a row take no pause by themselves: with an opened key nothing is waited for."""
        self._in_a_row = (self._in_a_row + 1) % _IN_A_ROW
        if self._in_a_row == 0:
            await asyncio.sleep(0)

    async def _twice(self, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Encrypt or decrypt; where a key is missing, once more: it may have come since."""
        try:
            with self._told():
                return await work()
        except KeyMissingError:
            await self.refresh()
        with self._told():
            return await work()

    async def _encrypt(self, content: Fields) -> Binary:
        newest = await self.newest()
        if (key := await self._key(newest)) is not None:
            return key.encrypt(content)
        return await self.encryption.encrypt(content, RANDOM, key_id=newest)

    async def _decrypt(self, sealed: Any) -> Fields:  # noqa: ANN401 - whatever the store gave
        if not isinstance(sealed, bytes) or len(sealed) < _KEY_PLACE.stop:
            raise TamperedError("not a sealed value")
        if (key := await self._key(Binary(data_key_of(sealed), UUID_SUBTYPE))) is None:
            found: Fields = await self.encryption.decrypt(Binary(sealed, ENCRYPTED))
            return found
        return key.decrypt(sealed)

    async def _key(self, id: Binary) -> DataKey | None:
        """Return an opened data key; None when a key management service has its master key. Raises KeyMissingError."""
        if id not in self._opened:
            self._opened[id] = await self._open_key(id)
        return self._opened[id]

    async def _open_key(self, id: Binary) -> DataKey | None:
        row = await self._known_keys.find_one({"_id": id})
        if row is None:
            raise KeyMissingError(f"{self._namespace} has no data key {id.hex()}")
        name = str(row["masterKey"]["provider"])
        if name.partition(":")[0] != _LOCAL:
            return None
        if name not in self.master_keys.providers:
            raise KeyMissingError(f"{self._namespace}: the master key {name} is not here")
        return DataKey(id, decrypted(self.master_keys.providers[name]["key"], row["keyMaterial"]), self._codecs)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DamagedError as error:
            raise TamperedError(f"{self._namespace}: {error}") from error
        except EncryptionError as error:
            _raise_outage(error)
            kind = KeyMissingError if _is_missing(error) else TamperedError
            raise kind(f"{self._namespace}: {error}") from error

    def _take_over_master_keys(self) -> None:
        try:
            found = self._read_master_keys()
        except Exception as error:  # noqa: BLE001 - a file that is just being changed; those known are good
            log.warning("master_keys_not_read", error=str(error))
            return
        if found != self.master_keys:
            self.master_keys = found
            self._opened.clear()
            self._driver = None
            log.info("master_keys_read", newest=found.newest, known=sorted(found.providers))

    @property
    def encryption(self) -> AsyncClientEncryption[Fields]:
        """The driver's encryption; an opened data key is kept for as long as the process lives."""
        if self._driver is None:
            from pymongo.asynchronous.encryption import AsyncClientEncryption  # noqa: PLC0415 - seldom, and 4 MB

            self._driver = AsyncClientEncryption(
                self.master_keys.providers,
                self._namespace,
                self._client,
                self._codecs,
                kms_tls_options=self.master_keys.tls,
                key_expiration_ms=0,
            )
        return self._driver


RANDOM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"
"""The driver's name of the algorithm."""


def data_key_of(sealed: bytes) -> bytes:
    """Return the id (a UUID's 16 bytes) of the data key that a sealed value names in its head."""
    return bytes(sealed[_KEY_PLACE])


def _id_of(data_key: Fields) -> Binary:
    found: Binary = data_key["_id"]
    return found


def _is_missing(error: EncryptionError) -> bool:
    return any(text in str(error) for text in _MISSING)


def _raise_outage(error: PyMongoError) -> None:
    """Raise what kept the keys from being read, when the store or the key management service could not be reached."""
    cause = error.cause if isinstance(error, EncryptionError) else None
    if isinstance(cause, PyMongoError | OSError) and not isinstance(cause, DuplicateKeyError):
        raise cause
