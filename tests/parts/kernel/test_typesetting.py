"""Documents are set in a type that holds every name it can; what it lacks is said by number."""

import json

import pytest
import typst
from django.conf import settings

from lianfang.kernel.typesetting import settable, typeset

pytestmark = pytest.mark.pure
LOOK = """#set page(width: 120pt, height: 40pt)
#set text(font: "Noto Sans SC", size: 20pt, weight: "{weight}")
{text}"""


def drawn(tmp_path, text: str, weight: str) -> bytes:
    """The picture of a text, set by the fonts of documents and no others."""
    source = tmp_path / "look.typ"
    source.write_text(LOOK.format(text=text, weight=weight), encoding="utf-8")
    fonts = [str(settings.DOCUMENT_FONTS)]
    return typst.compile(str(source), font_paths=fonts, ignore_system_fonts=True, format="png")


@pytest.mark.parametrize("name", ["张喆", "李堃", "陈犇", "王㛃", "韦𬱖", "Łukasz"])
def test_a_name_stands_as_it_is_written(name):
    assert settable(name) == name


def test_a_character_that_no_font_holds_is_given_by_its_number():
    assert settable("李𠮷\n") == "李[U+20BB7]\n"


@pytest.mark.parametrize("rare", ["喆", "堃", "㛃"])
def test_what_bold_lacks_is_set_in_regular(rare, tmp_path):
    box = drawn(tmp_path, "\U00020bb7", "regular")
    assert drawn(tmp_path, rare, "bold") == drawn(tmp_path, rare, "regular") != box
    assert drawn(tmp_path, "小", "bold") != drawn(tmp_path, "小", "regular")


def test_latin_letters_that_the_fonts_lack_are_no_boxes(tmp_path):
    assert drawn(tmp_path, "Ł", "regular") != drawn(tmp_path, "\U00020bb7", "regular")


def test_no_document_has_an_empty_box(tmp_path):
    """Whatever a document is given goes through the marking, the free text of a source's name too."""
    source = tmp_path / "said.typ"
    source.write_text('#assert(json("content.json").name == "李[U+20BB7]\\n“喆”")', encoding="utf-8")
    assert typeset(source, {"name": "李𠮷\n“喆”"}).startswith(b"%PDF")
    assert json.loads(settable(json.dumps({"a": ["喆"]}, ensure_ascii=False))) == {"a": ["喆"]}
