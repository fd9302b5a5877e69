"""Identity fields sealed at rest, and the keys for it.

A sealed column holds AES-256-GCM ciphertext bound to its table, column and row: moved to another row it does not open.
Exact look-up goes through blind indexes (keyed digests). Keys live outside the database, in the file named by
``LIANFANG_KEYS``. Each kind of key can be changed while the platform runs: a sealing key is added and rows are sealed
again, the older ones still open what they sealed; the index key is known beside its successor until every digest was made
again; an audit key signs the seals up to one seal of the chain, and its successor those after it.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models, transaction

from . import events
from .access import Actor

NONCE = 12
DIGEST = 16
SETTLES_SECONDS = 20  # what began with the keys of before has ended by then: a page, a call, a batch of an import


class CannotOpen(Exception):
    """The ciphertext was changed, moved to another row, or sealed with a key that is not in the key ring."""


@dataclass(frozen=True)
class Keyring:
    """The keys in force: of sealing and index keys the highest number makes what is new, all open what is old.

    Audit keys stand under the number of the last seal that was made before them.
    """

    sealing: dict[int, bytes]
    index: dict[int, bytes]
    audit: dict[int, bytes]
    _ciphers: dict[tuple[int, str], AESGCM] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def generate(cls) -> "Keyring":
        return cls({1: _new_key()}, {1: _new_key()}, {0: _new_key()})

    def with_sealing_key(self) -> "Keyring":
        """The same ring with one more sealing key, which seals from now on."""
        return replace(self, sealing={**self.sealing, max(self.sealing) + 1: _new_key()}, _ciphers={})

    def with_index_key(self) -> "Keyring":
        """The same ring with one more index key, which makes new digests from now on; digests of before are still looked up."""
        return replace(self, index={**self.index, max(self.index) + 1: _new_key()}, _ciphers={})

    def with_index_keys_from(self, number: int) -> "Keyring":
        """The same ring without the index keys before this number."""
        return replace(self, index={at: key for at, key in self.index.items() if at >= number}, _ciphers={})

    def with_audit_key(self, after: int) -> "Keyring":
        """The same ring with one more audit key, which signs whatever comes after a seal."""
        return replace(self, audit={**self.audit, after: _new_key()}, _ciphers={})

    def to_json(self) -> str:
        return json.dumps({kind: _written_keys(getattr(self, kind)) for kind in KINDS}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Keyring":
        kept = json.loads(text)
        return cls(_read_keys(kept["sealing"]), _read_keys(kept["index"]), _read_keys(kept["audit"]))

    def _cipher(self, number: int, column: str) -> AESGCM:
        if (number, column) not in self._ciphers:
            if number not in self.sealing:
                raise CannotOpen(f"{column}: sealing key {number} is not in the key ring")
            derived = HKDF(SHA256(), 32, salt=None, info=column.encode()).derive(self.sealing[number])
            self._ciphers[number, column] = AESGCM(derived)
        return self._ciphers[number, column]

    def seal(self, text: str, column: str, row: Any) -> bytes:
        """Ciphertext of ``text`` for one column ("table.column") of one row."""
        number, nonce = max(self.sealing), os.urandom(NONCE)
        sealed = self._cipher(number, column).encrypt(nonce, text.encode(), f"{column}:{row}".encode())
        return _numbered(number) + nonce + sealed

    def open(self, sealed: bytes, column: str, row: Any) -> str:
        """The text behind a ciphertext. Raises CannotOpen; the message never holds the content."""
        number, nonce, body = int.from_bytes(sealed[:2], "big"), sealed[2 : 2 + NONCE], sealed[2 + NONCE :]
        try:
            return self._cipher(number, column).decrypt(nonce, body, f"{column}:{row}".encode()).decode()
        except InvalidTag:
            raise CannotOpen(f"{column} of row {row}: changed or moved") from None

    def blind(self, purpose: str, text: str) -> bytes:
        """A 16-byte digest for exact look-up, different for each purpose: the number of its key, then what the key makes."""
        return self._blind(max(self.index), purpose, text)

    def blinds(self, purpose: str, text: str) -> list[bytes]:
        """All digests under which this may stand: one, but while the index key is being changed."""
        return [self._blind(number, purpose, text) for number in self.index]

    def _blind(self, number: int, purpose: str, text: str) -> bytes:
        made = hmac.new(self.index[number], f"{purpose}\x1f{text}".encode(), hashlib.sha256).digest()
        return _numbered(number) + made[: DIGEST - 2]

    @property
    def blind_from(self) -> tuple[bytes, bytes]:
        """Digests of the index key in force are at least the first and less than the second; all others are of before."""
        return _numbered(max(self.index)), _numbered(max(self.index) + 1)

    def sign(self, content: bytes) -> bytes:
        """The audit signature of the next seal."""
        return _signature(self.audit[max(self.audit)], content)

    def signed(self, content: bytes, signature: bytes, seal: int) -> bool:
        """Whether a seal bears the signature of the audit key that was due at its number.

        A newer key will do as well: a record put back from a backup goes on under the newest. An older one will not, so
        whoever got hold of a key that was changed can sign nothing with it.
        """
        due = max(after for after in self.audit if after < seal)
        return any(
            hmac.compare_digest(_signature(key, content), signature)
            for after, key in self.audit.items()
            if after >= due
        )


KINDS = ("sealing", "index", "audit")


def _new_key() -> bytes:
    return secrets.token_bytes(32)


def _numbered(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _written_keys(keys: dict[int, bytes]) -> dict[str, str]:
    return {str(number): key.hex() for number, key in keys.items()}


def _read_keys(kept: dict[str, str] | str) -> dict[int, bytes]:
    keys = {"0": kept} if isinstance(kept, str) else kept  # a file of the time when some keys could not be changed
    return {int(number): bytes.fromhex(key) for number, key in keys.items()}


# --- the file of keys ------------------------------------------------------------------------------------------------


def keyring() -> Keyring:
    """The key ring in force, as the file holds it now: another process may have changed a key.

    On first use of a new installation it is made and kept readable by its owner only.
    """
    path = Path(settings.KEYS_FILE)
    try:
        stands = os.stat(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = _written(Keyring.generate(), path)
        try:
            os.link(fresh, path)  # whoever comes second keeps the first one's keys
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        stands = os.stat(path)
    return _read(path, stands.st_ino, stands.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _file: int, _written_at: int) -> Keyring:
    return Keyring.from_json(path.read_text())


def _written(ring: Keyring, path: Path) -> Path:
    """The key ring in a file of this process's own beside its place, safe on the disk: what it seals outlives a crash."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(ring.to_json())
        out.flush()
        os.fsync(out.fileno())
    return fresh


def change_keys(change: Callable[[Keyring], Keyring]) -> Keyring:
    """Put a changed ring in the place of the one in the file. Who changes at the same moment waits: no key is lost."""
    path = Path(settings.KEYS_FILE)
    keyring()  # there is a file
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ring = change(keyring())
        os.replace(_written(ring, path), path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return ring


def told_of_key(kind: str, by: Actor) -> None:
    """Write down that a key of a kind (of ``KINDS``) was changed. In the transaction of the change."""
    events.record("key.rotated", by, details={"key": kind})


def rotate_sealing_key(
    by: Actor, progress: Callable[[int, int], None] = lambda done, all: None, settles: float = SETTLES_SECONDS
) -> None:
    """Add a sealing key and re-seal every sealed column with it, in batches, while the platform runs.

    ``progress`` is told the rows done and the rows in all. After a stop it is run again, from the beginning and with yet
    another key; rows keep opening at every moment.
    """
    from django.apps import apps

    with transaction.atomic():
        change_keys(Keyring.with_sealing_key)
        told_of_key("sealing", by)
    time.sleep(settles)
    tables = {
        model: sealed
        for model in apps.get_models()
        if (sealed := [entry for entry in model._meta.concrete_fields if isinstance(entry, Sealed)])
    }
    done, total = 0, sum(model._base_manager.count() for model in tables)
    for model, sealed in tables.items():
        last = None
        while True:
            rows = model._base_manager.order_by("pk")
            if last is not None:
                rows = rows.filter(pk__gt=last)
            with transaction.atomic():
                batch = list(rows.select_for_update(of=("self",))[:1000])
                for row in batch:
                    for entry in sealed:
                        row.__dict__[entry.attname] = entry._sealed(getattr(row, entry.attname), row)
                model._base_manager.bulk_update(batch, [entry.attname for entry in sealed])
            if not batch:
                break
            last = batch[-1].pk
            done += len(batch)
            progress(done, total)


# --- sealed columns --------------------------------------------------------------------------------------------------


class _Ciphertext(bytes):
    """Bytes as they came from the database, not yet opened."""


class _OpensOnRead:
    def __init__(self, entry: "Sealed"):
        self.entry = entry

    def __get__(self, row: Any, owner: Any = None) -> Any:
        if row is None:
            return self
        name = self.entry.attname
        if name not in row.__dict__:
            row.refresh_from_db(fields=[name])  # deferred
        value = row.__dict__[name]
        if isinstance(value, _Ciphertext):
            value = self.entry.read(keyring().open(bytes(value), self.entry.full_name, row.pk))
            row.__dict__[name] = value
        return value

    def __set__(self, row: Any, value: Any) -> None:
        row.__dict__[self.entry.attname] = value


class Sealed(models.BinaryField):
    """What is ciphertext in the database and opened only when the attribute is read. What is empty stays empty.

    ``values()`` and ``values_list()`` give ciphertext, never what is sealed. The primary key must be known before saving.
    """

    def __init__(self, *args: Any, **options: Any):
        options.setdefault("blank", True)
        super().__init__(*args, **options)

    @property
    def full_name(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _OpensOnRead(self))

    def get_default(self) -> Any:
        return ""

    def read(self, text: str) -> Any:
        """What the sealed text stands for."""
        return text

    def written(self, value: Any) -> str:
        """The text that is sealed for a value."""
        return str(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return _Ciphertext(bytes(value)) if value else self.get_default()

    def to_python(self, value: Any) -> Any:
        return value

    def pre_save(self, row: Any, add: bool) -> bytes:
        return self._sealed(row.__dict__.get(self.attname, self.get_default()), row)

    def _sealed(self, value: Any, row: Any) -> bytes:
        if isinstance(value, _Ciphertext):
            return bytes(value)
        if not value:
            return b""
        if row.pk is None:
            raise ValueError("a sealed field needs the primary key before it is saved")
        return keyring().seal(self.written(value), self.full_name, row.pk)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value and not isinstance(value, bytes | memoryview):
            raise ValueError("sealed text cannot be used in a query; look it up through its blind index")
        return super().get_db_prep_value(value or b"", connection, prepared)

    def value_to_string(self, obj: Any) -> str:
        raise ValueError("sealed text is not serialised")


class SealedText(Sealed):
    """Text, sealed."""

    _pyi_private_set_type: str
    _pyi_private_get_type: str  # type: ignore[assignment]


class SealedJSON(Sealed):
    """What only people read, said in a form or a file, as JSON that is ciphertext in the database. Empty is {}."""

    _pyi_private_set_type: dict[str, Any]
    _pyi_private_get_type: dict[str, Any]  # type: ignore[assignment]

    def get_default(self) -> Any:
        return {}

    def read(self, text: str) -> Any:
        return json.loads(text)

    def written(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, default=str)
