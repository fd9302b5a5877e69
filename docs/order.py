"""The order of the manual's sections. Every page in their folders is in the navigation by being there."""

from typing import Any

SECTIONS = {
    "Tutorial": "Tutorial",
    "How to": "How to",
    "Reference": "Reference",
    "Explanation": "Explanation",
    "Decisions": "Decisions",
}


def on_nav(nav: Any, config: Any, files: Any) -> Any:
    """Put the sections into the order in which somebody new comes to need them; pages without one come first."""
    order = list(SECTIONS)

    def place(item: Any) -> int:
        return order.index(item.title) if item.title in order else -1

    nav.items.sort(key=place)
    return nav
