"""Chains of transmission as files for other programs: links as CSV, the whole graph as GraphML."""

import re
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import numpy as np

from lianfang.epi import chains as epi
from lianfang.kernel import clock
from lianfang.kernel.spreadsheets import as_csv
from lianfang.registry.models import Area

from .chains import Chains, certainties

LINK_COLUMNS = (
    "infector", "infector_case_id", "infectee", "infectee_case_id", "certainty", "primary", "setting", "relation",
    "source", "recorded_on", "infector_onset", "infectee_onset", "interval_days", "infectee_generation", "cluster",
    "infector_area", "infectee_area", "area", "disease", "known_on", "edition",
)  # fmt: skip

GRAPHML = "http://graphml.graphdrawing.org/xmlns"
SCHEMA = f"{GRAPHML} http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

# name, where it stands, type
KEYS = (
    ("area", "graph", "string"), ("disease", "graph", "string"), ("known_on", "graph", "string"),
    ("edition", "graph", "string"),
    ("label", "node", "string"), ("case_id", "node", "string"), ("classification", "node", "string"),
    ("onset", "node", "string"), ("reported", "node", "string"), ("area_code", "node", "string"),
    ("area_name", "node", "string"), ("generation", "node", "int"), ("cluster", "node", "int"),
    ("secondary_cases", "node", "int"), ("introduced", "node", "boolean"), ("inside_area", "node", "boolean"),
    ("visible", "node", "boolean"),
    ("certainty", "edge", "string"), ("weight", "edge", "double"), ("primary", "edge", "boolean"),
    ("setting", "edge", "string"), ("relation", "edge", "string"), ("source", "edge", "string"),
    ("recorded_on", "edge", "string"), ("interval_days", "edge", "int"),
)  # fmt: skip
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _area(found: Chains, number: int) -> Area | None:
    place = int(found.place[number])
    return found.places[place] if place >= 0 else found.area if found.cases[number].here else None


def _code(area: Area | None) -> str:
    return area.code if area else ""


def _link_rows(found: Chains) -> Iterator[dict[str, Any]]:
    infector, infectee = found.ends
    apart = epi.link_intervals(found.onset, infector, infectee)
    order = certainties()
    for n, link in enumerate(found.links):
        a, b = found.cases[link.infector], found.cases[link.infectee]
        yield {
            "infector": a.number,
            "infector_case_id": a.id,
            "infectee": b.number,
            "infectee_case_id": b.id,
            "certainty": link.certainty,
            "weight": (order.index(link.certainty) + 1) / len(order),
            "primary": bool(found.tree.link[link.infectee] == n),
            "setting": link.setting,
            "relation": link.relation,
            "source": link.source,
            "recorded_on": clock.local_day(link.recorded_at),
            "infector_onset": a.onset,
            "infectee_onset": b.onset,
            "interval_days": None if np.isnan(apart[n]) else int(apart[n]),
            "infectee_generation": int(found.generation[link.infectee]),
            "cluster": int(found.cluster[link.infectee]) + 1,
            "infector_area": _code(_area(found, link.infector)),
            "infectee_area": _code(_area(found, link.infectee)),
            "area": found.area.code,
            "disease": found.disease,
            "known_on": found.day,
            "edition": found.edition,
        }


def links_csv(found: Chains) -> str:
    """The links that are shown, a line each. A case that the reader may not see has no number."""
    rows: list[Any] = [LINK_COLUMNS]
    for row in _link_rows(found):
        row["primary"] = "yes" if row["primary"] else "no"
        rows.append([row[name] for name in LINK_COLUMNS])
    return "".join(as_csv(rows))


def graphml(found: Chains) -> bytes:
    """The cases and links that are shown as GraphML, which Gephi, igraph and networkx open."""
    ElementTree.register_namespace("", GRAPHML)
    ElementTree.register_namespace("xsi", XSI)
    root = ElementTree.Element(_tag("graphml"), {f"{{{XSI}}}schemaLocation": SCHEMA})
    for name, where, kind in KEYS:
        about = {"id": f"{where}_{name}", "for": where, "attr.name": name, "attr.type": kind}
        ElementTree.SubElement(root, _tag("key"), about)
    graph = ElementTree.SubElement(root, _tag("graph"), {"id": "chains", "edgedefault": "directed"})
    _write(graph, "graph", {"area": found.area.code, "disease": found.disease, "known_on": found.day, "edition": found.edition})  # fmt: skip
    for n, case in enumerate(found.cases):
        node = ElementTree.SubElement(graph, _tag("node"), {"id": f"n{n}"})
        area = _area(found, n)
        _write(
            node,
            "node",
            {
                "label": case.number or "?",
                "case_id": case.id,
                "classification": case.classification,
                "onset": case.onset,
                "reported": case.reported,
                "area_code": _code(area),
                "area_name": area.name if area else "",
                "generation": int(found.generation[n]),
                "cluster": int(found.cluster[n]) + 1,
                "secondary_cases": int(found.secondary.counts[n]),
                "introduced": bool(found.missing.introduced[n]),
                "inside_area": case.here,
                "visible": case.id is not None,
            },
        )
    of_edges = {name for name, where, _kind in KEYS if where == "edge"}
    for n, (link, row) in enumerate(zip(found.links, _link_rows(found), strict=True)):
        ends = {"id": f"e{n}", "source": f"n{link.infector}", "target": f"n{link.infectee}"}
        edge = ElementTree.SubElement(graph, _tag("edge"), ends)
        _write(edge, "edge", {name: value for name, value in row.items() if name in of_edges})
    whole = BytesIO()
    ElementTree.ElementTree(root).write(whole, encoding="utf-8", xml_declaration=True)
    return whole.getvalue()


def _tag(name: str) -> str:
    return f"{{{GRAPHML}}}{name}"


def _write(parent: ElementTree.Element, where: str, values: dict[str, Any]) -> None:
    """The values that are known, each under its key."""
    for name, value in values.items():
        if value is None or value == "":
            continue
        data = ElementTree.SubElement(parent, _tag("data"), {"key": f"{where}_{name}"})
        if isinstance(value, bool):
            data.text = "true" if value else "false"
        else:
            data.text = value.isoformat() if isinstance(value, date) else NOT_XML.sub("", str(value))
