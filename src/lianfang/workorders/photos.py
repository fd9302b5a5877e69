"""Photos as proof: looked at, made small, freed of what they tell besides the picture, and kept sealed outside the web root."""

import base64
import hashlib
import io
import os
from pathlib import Path

from django.conf import settings

from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.kernel.sealing import CannotOpen, keyring

MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 64_000_000  # what a file of a few bytes may claim to be; more is refused before it is unpacked
LONGEST_SIDE = 2560
FORMATS = ("JPEG", "PNG", "WEBP")
GPS = 0x8825  # the part of EXIF that says where a picture was taken
COLUMN = "workorders.photo"


def cleaned(content: bytes, *, keep_place: bool = False) -> bytes:
    """The picture itself as JPEG, upright and of at most ``LONGEST_SIDE`` pixels. Raises Refused for anything else.

    Nothing of the file but the picture is kept: not the camera, the owner, the thumbnail. Where it was taken is kept only
    if whoever sends it gave the place anyway.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError  # a picture is read seldom; starting is quicker without

    if len(content) > MOST_BYTES:
        raise Refused(too_large())
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise Refused(refuse("order.no_photo", "photo"))
            place = found.getexif().get_ifd(GPS) if keep_place else {}
            picture = ImageOps.exif_transpose(found).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise Refused(refuse("order.no_photo", "photo")) from None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    kept = Image.Exif()
    if place:
        kept[GPS] = dict(place)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85, **({"exif": kept} if place else {}))
    return out.getvalue()


def too_large() -> Refusal:
    """What is said of a file that is larger than taken."""
    return refuse("order.photo_too_large", "photo", most=MOST_BYTES // 1024 // 1024)


def keep(picture: bytes) -> str:
    """Keep a cleaned picture; gives the fingerprint under which it is found. The same picture is kept once."""
    name = hashlib.sha256(picture).hexdigest()
    path = _path(name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(keyring().seal(base64.b85encode(picture).decode(), COLUMN, name))
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, path)
    return name


def read(name: str) -> bytes:
    """The picture of a fingerprint. Raises Refused when it is not there or was tampered with."""
    try:
        return base64.b85decode(keyring().open(_path(name).read_bytes(), COLUMN, name))
    except (OSError, CannotOpen):
        raise Refused(refuse("kernel.not_found")) from None


def _path(name: str) -> Path:
    return Path(settings.PHOTOS_DIR) / name[:2] / name
