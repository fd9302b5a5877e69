"""Published bulletins as JSON, CSV and Atom. Only what was published goes in."""

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree import ElementTree

from django.utils.translation import gettext as _

from lianfang.kernel import spreadsheets

from . import wording
from .rules import BALANCED, BY_PART, FIGURES, PART_FIGURES
from .selectors import Published

FORMAT = 1  # raised when a field changes its meaning


def as_json(entry: Published, address: str) -> dict[str, Any]:
    """One bulletin whole. A figure that is null is withheld."""
    figures = entry.content["figures"]  # in the official order, which a database does not keep
    return {
        "format": FORMAT,
        "id": str(entry.id),
        "url": address,
        "version": entry.version,
        "corrected_by_version": entry.corrected_by,
        "correction_reason": entry.reason,
        "published_at": entry.published_at.isoformat(),
        **entry.content,
        "figures": {figure.code: figures[figure.code] for figure in FIGURES if figure.code in figures},
        "text": wording.both(entry.content),
    }


def as_rows(entry: Published) -> list[list[Any]]:
    """The figures of a bulletin as rows for a spreadsheet: the area first, then its parts. Withheld cells say so."""
    content = entry.content
    codes = [figure.code for figure in FIGURES if figure.code in content["figures"]]
    corrections = [f"correction_{of}" for of in BALANCED if of in content["corrections"]]
    by_part = {figure.code for figure in PART_FIGURES} | {f"correction_{of}" for of in BY_PART}
    rows: list[list[Any]] = [["day", "version", "disease", "code", "area", "area_en", *codes, *corrections]]
    start = [content["day"], entry.version, content["disease"]["code"]]
    area = content["area"]
    whole = [content["figures"][code] for code in codes]
    whole += [content["corrections"][code.removeprefix("correction_")] for code in corrections]
    rows.append([*start, area["code"], area["name"], area["name_en"], *whole])
    for part in content["parts"]:
        cells = [
            ("withheld" if part.get(code) is None else part[code]) if code in by_part else ""
            for code in [*codes, *corrections]
        ]
        rows.append([*start, part["code"], part["name"], part["name_en"], *cells])
    return rows


def as_csv(entry: Published) -> str:
    return "".join(spreadsheets.as_csv(as_rows(entry)))


def as_atom(entries: Iterable[Published], home: str, address: Callable[[Published], str]) -> bytes:
    """The latest bulletins as an Atom feed, each with its official text in the language in force."""
    ElementTree.register_namespace("", "http://www.w3.org/2005/Atom")
    atom = "{http://www.w3.org/2005/Atom}"
    entries = list(entries)
    root = ElementTree.Element(f"{atom}feed")

    def tell(parent: ElementTree.Element, tag: str, text: str, **attributes: str) -> None:
        ElementTree.SubElement(parent, f"{atom}{tag}", attributes).text = text or None

    tell(root, "id", home)
    tell(root, "title", _("Epidemic bulletins"))
    tell(root, "link", "", href=home)
    if entries:
        tell(root, "updated", max(entry.published_at for entry in entries).isoformat())
    for entry in entries:
        item = ElementTree.SubElement(root, f"{atom}entry")
        tell(item, "id", f"urn:uuid:{entry.id}")
        tell(item, "title", wording.title(entry.content))
        tell(item, "link", "", href=address(entry))
        tell(item, "updated", entry.published_at.isoformat())
        tell(item, "content", "\n".join(wording.official(entry.content)), type="text")
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
