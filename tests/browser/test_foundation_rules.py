"""What templates and colours must keep to, checked without a browser: icons that exist, no inline code, colours apart."""

import itertools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "src" / "lianfang"
TEMPLATES = sorted(PARTS.glob("*/templates/**/*.html"))
TOKENS = dict(re.findall(r"--lf-([\w-]+):\s*(#[0-9a-f]{6})", (ROOT / "web/src/style/tokens.css").read_text()))
KINDS = ("confirmed", "clinical", "suspected", "asymptomatic", "excluded")

# Machado, Oliveira and Fernandes 2009, severity 1: what a reader with each deficiency sees, on linear RGB.
SEEN_BY = {
    "everyone": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour: str) -> float:
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def oklab(colour: str, reader: str) -> tuple[float, ...]:
    """Perceptual coordinates (Ottosson 2020) of a colour as that reader sees it."""
    r, g, b = (
        min(1.0, max(0.0, sum(m * part for m, part in zip(row, linear(colour), strict=True))))
        for row in SEEN_BY[reader]
    )
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


@pytest.mark.parametrize("reader", SEEN_BY)
def test_classifications_stay_apart_for_every_reader(reader: str) -> None:
    for one, other in itertools.combinations(KINDS, 2):
        apart = (
            sum((a - b) ** 2 for a, b in zip(oklab(TOKENS[one], reader), oklab(TOKENS[other], reader), strict=True))
            ** 0.5
        )
        assert apart > 0.14, (one, other, round(apart, 3))


@pytest.mark.parametrize("kind", [*KINDS, "other"])
def test_each_classification_has_an_outline_that_shows_on_white_and_on_its_own_wash(kind: str) -> None:
    assert contrast(TOKENS[f"{kind}-line"], TOKENS["sheet"]) >= 3
    assert contrast(TOKENS[f"{kind}-line"], TOKENS[f"{kind}-wash"]) >= 3
    assert contrast(TOKENS["ink"], TOKENS[f"{kind}-wash"]) >= 4.5


def test_the_scale_of_one_quantity_only_grows_darker() -> None:
    steps = [luminance(TOKENS[f"step-{i}"]) for i in range(6)]
    assert steps == sorted(steps, reverse=True)
    assert all(lighter / darker > 1.15 for lighter, darker in itertools.pairwise(steps))


def test_every_icon_named_anywhere_exists() -> None:
    have = {path.stem for path in (ROOT / "web/icons").glob("*.svg")}
    named = {name for path in TEMPLATES for name in re.findall(r'{% icon "([\w-]+)"', path.read_text())}
    named |= {name for path in TEMPLATES for name in re.findall(r'\bicon="([\w-]+)"', path.read_text())}
    named |= {f"kind-{kind}" for kind in (*KINDS, "other")}
    from lianfang.config import console
    from lianfang.config.templatetags.console import CLOCK_ICONS

    named |= set(CLOCK_ICONS.values()) | {entry[2] for entry in console.NAVIGATION}
    assert named - have == set(), "copy the missing icons of @tabler/icons into web/icons and build"


# What the content security policy would refuse in the browser is refused here, with the line.
FORBIDDEN = {
    r"\sstyle\s*=": "an inline style",
    r"<style\b": "a style element",
    r"<script(?![^>]*(\bsrc=|application/json))[^>]*>": "an inline script",
    r"\son[a-z]+\s*=": "an inline handler",
    r"hx-on": "hx-on, which needs eval",
    r"hx-vals\s*=\s*.js:": "hx-vals with script, which needs eval",
    r"(src|href)\s*=\s*[\"'](https?:)?//": "another host",
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PARTS)))
def test_templates_hold_nothing_that_the_policy_refuses(path: Path) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {what}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for pattern, what in FORBIDDEN.items()
        if re.search(pattern, line)
    ]
    assert found == []


def test_no_stylesheet_or_script_of_ours_names_another_host() -> None:
    sources = [
        *(ROOT / "web/src").rglob("*.css"),
        *(ROOT / "web/src").rglob("*.ts"),
        *(ROOT / "web/src").rglob("*.scss"),
    ]
    for path in sources:
        hosts = set(re.findall(r"https?://([\w.-]+)", path.read_text())) - {"www.w3.org"}
        assert hosts == set(), path
