"""Identity fields sealed at rest.

A sealed column holds AES-256-GCM ciphertext bound to its table, column and row: moved to another row it does not open.
Exact look-up goes through blind indexes (keyed digests). Keys live outside the database, in the file named by
``LIANFANG_KEYS``; rotation adds a key and re-seals, old keys still open old rows until then.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

NONCE = 12


class CannotOpen(Exception):
    """The ciphertext was changed, moved to another row, or sealed with a key that is not in the key ring."""


@dataclass(frozen=True)
class Keyring:
    """Sealing keys by number (the highest seals, all open), the blind-index key and the audit-signing key."""

    sealing: dict[int, bytes]
    index: bytes
    audit: bytes
    _ciphers: dict[tuple[int, str], AESGCM] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def generate(cls) -> "Keyring":
        return cls({1: secrets.token_bytes(32)}, secrets.token_bytes(32), secrets.token_bytes(32))

    def with_new_key(self) -> "Keyring":
        """The same ring with one more sealing key, which seals from now on."""
        return Keyring({**self.sealing, max(self.sealing) + 1: secrets.token_bytes(32)}, self.index, self.audit)

    def to_json(self) -> str:
        return json.dumps(
            {
                "sealing": {str(number): key.hex() for number, key in self.sealing.items()},
                "index": self.index.hex(),
                "audit": self.audit.hex(),
            },
            indent=2,
        )

    @classmethod
    def from_json(cls, text: str) -> "Keyring":
        kept = json.loads(text)
        return cls(
            {int(number): bytes.fromhex(key) for number, key in kept["sealing"].items()},
            bytes.fromhex(kept["index"]),
            bytes.fromhex(kept["audit"]),
        )

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
        return number.to_bytes(2, "big") + nonce + sealed

    def open(self, sealed: bytes, column: str, row: Any) -> str:
        """The text behind a ciphertext. Raises CannotOpen; the message never holds the content."""
        number, nonce, body = int.from_bytes(sealed[:2], "big"), sealed[2 : 2 + NONCE], sealed[2 + NONCE :]
        try:
            return self._cipher(number, column).decrypt(nonce, body, f"{column}:{row}".encode()).decode()
        except InvalidTag:
            raise CannotOpen(f"{column} of row {row}: changed or moved") from None

    def blind(self, purpose: str, text: str) -> bytes:
        """A 16-byte keyed digest for exact look-up, different for each purpose."""
        return hmac.new(self.index, f"{purpose}\x1f{text}".encode(), hashlib.sha256).digest()[:16]

    def sign(self, content: bytes) -> bytes:
        """The audit signature of a seal."""
        return hmac.new(self.audit, content, hashlib.sha256).digest()


@cache
def keyring() -> Keyring:
    """The key ring in force. On first use of a new installation it is made and kept readable by its owner only."""
    path = Path(settings.KEYS_FILE)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = _written(Keyring.generate(), path)
        try:
            os.link(fresh, path)  # whoever comes second keeps the first one's keys
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return Keyring.from_json(path.read_text())


def _written(ring: Keyring, path: Path) -> Path:
    """The key ring in a file of this process's own beside its place, safe on the disk: what it seals outlives a crash."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(ring.to_json())
        out.flush()
        os.fsync(out.fileno())
    return fresh


def _add_key(path: Path) -> None:
    """Put a ring with one more key in the place of the one in the file. Who adds at the same moment waits: no key is lost."""
    keyring()  # there is a file
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ring = Keyring.from_json(path.read_text()).with_new_key()  # of the file, not of what this process read before
        os.replace(_written(ring, path), path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    keyring.cache_clear()


def rotate_keys() -> None:
    """Add a sealing key and re-seal every sealed column with it, in batches. Safe to run again after a stop."""
    from django.apps import apps
    from django.db import transaction

    _add_key(Path(settings.KEYS_FILE))
    for model in apps.get_models():
        sealed = [entry for entry in model._meta.concrete_fields if isinstance(entry, Sealed)]
        if not sealed:
            continue
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
            if int.from_bytes(value[:2], "big") not in keyring().sealing:
                keyring.cache_clear()  # another process rotated the keys since this one read them
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
