"""The type that documents are set in: Noto Sans SC (SIL Open Font License).

The whole fonts hold 30,000 characters in 10 MB a weight. Names are in these documents, and names go beyond any cut, so
Regular is kept whole. Bold, for headings, is cut down to GB 2312, which running Chinese text stays within, all that
stands in names of areas and in our own words, and Latin letters with the usual signs: 2 MB. What Bold lacks is set in
Regular.
"""

import gzip
import hashlib
import io
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "src" / "lianfang"
FONTS = SOURCES / "situation" / "fonts"
CHARACTERS = FONTS / "characters.txt"  # all that can be set, for the platform to read
STAMP = FONTS / "stamp.txt"  # what Bold was cut to
PACKAGE = "@expo-google-fonts/noto-sans-sc@0.4.3"
SHA512 = "f6b0307454c51db3bfbba0acd208f68d96d6ef84c62226853509d7607dace700356f3564c1b6af88be2df18515eb8d9e1988e0f3a787e8390011099f3470e771"
WHOLE, CUT = "400Regular", "700Bold"
LATIN = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *range(0x2010, 0x2027),
    *range(0x2030, 0x203B),
    0x2103,
    0x2264,
    0x2265,
)


def characters() -> set[int]:
    """The code points that Bold keeps."""
    kept = set(LATIN)
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            kept.update(ord(character) for character in bytes((high, low)).decode("gb2312", "ignore"))
    words = [path.read_text(encoding="utf-8") for path in SOURCES.glob("*/locale/*/LC_MESSAGES/django.po")]
    words += [path.read_text(encoding="utf-8") for path in (ROOT / "definitions").rglob("*.toml")]
    areas = SOURCES / "registry" / "built" / "areas.csv.gz"
    if areas.exists():
        words.append(gzip.decompress(areas.read_bytes()).decode())
    return kept | {ord(character) for text in words for character in text if character.isprintable()}


def up_to_date() -> bool:
    """Whether the fonts hold every character that is asked of them now."""
    if not all(path.exists() for path in (STAMP, CHARACTERS, _font(WHOLE), _font(CUT))):
        return False
    package, _, held = STAMP.read_text(encoding="utf-8").partition("\n")
    return package == PACKAGE and characters() <= {ord(character) for character in held}


def build(npm: Callable[[list[str], Path], int]) -> None:
    """Fetch the package, check that it is the one we know, and write the fonts. ``npm`` runs npm in a folder."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    with tempfile.TemporaryDirectory(prefix="lianfang-fonts-") as folder:
        if npm(["pack", PACKAGE, "--silent"], Path(folder)) != 0:
            raise SystemExit(f"npm pack {PACKAGE} failed. It needs an npm registry, or a mirror set in ~/.npmrc.")
        (archive,) = Path(folder).glob("*.tgz")
        content = archive.read_bytes()
    if hashlib.sha512(content).hexdigest() != SHA512:
        raise SystemExit(
            f"{PACKAGE} is not the package that was checked: its digest differs. Nothing was built from it."
        )
    kept = characters()
    FONTS.mkdir(exist_ok=True)
    STAMP.unlink(missing_ok=True)  # until all is written
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as package:
        (FONTS / "OFL.txt").write_bytes(_member(package, "LICENSE_FONT"))
        whole = _member(package, f"{WHOLE}/NotoSansSC_{WHOLE}.ttf")
        to_cut = _member(package, f"{CUT}/NotoSansSC_{CUT}.ttf")
    _font(WHOLE).write_bytes(whole)
    options = subset.Options(hinting=False, desubroutinize=True, notdef_outline=True, layout_features=["kern", "locl"])
    bold = subset.load_font(io.BytesIO(to_cut), options)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=kept)
    cut.subset(bold)
    subset.save_font(bold, _font(CUT), options)
    CHARACTERS.write_text(_line(kept | set(TTFont(io.BytesIO(whole)).getBestCmap())), encoding="utf-8")
    STAMP.write_text(f"{PACKAGE}\n{_line(kept)}", encoding="utf-8")


def _font(weight: str) -> Path:
    return FONTS / f"NotoSansSC-{weight}.ttf"


def _line(codes: set[int]) -> str:
    return "".join(map(chr, sorted(codes)))


def _member(package: tarfile.TarFile, name: str) -> bytes:
    held = package.extractfile(f"package/{name}")
    if held is None:
        raise SystemExit(f"{PACKAGE} has no {name}.")
    return held.read()
