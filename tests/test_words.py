"""Two languages: every text that a page may say has its Chinese, none stands on a page by itself, and none is kept for nothing."""

import ast
import re
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2.ext import extract_from_ast

from crm import languages
from crm.errors import Refused
from crm.identity import scoring
from crm.pages import drawing

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted(drawing.TEMPLATES.rglob("*.html"))
CATALOGUES = sorted(languages.CATALOGUES.glob("*.po"))
APPS = ("app.py", "crm/**/*.py", "campaigns/**/*.py", "leads/**/*.py")
MODULES = sorted(path for pattern in APPS for path in ROOT.glob(pattern))

HEARD = {"title", "aria-label", "placeholder", "alt", "label", "data-done", "data-label"}
# Names that are the same everywhere, keys of a keyboard, and what a machine is told.
NAMES = re.compile(r"Marquee|English|Ctrl|K|km|P-|\w+\.(?:csv|json|html)|/schema/openapi\.json|SHA-256|UTC\+8")
SILENT = {"code", "kbd", "script", "style", "svg"}
LETTER = re.compile(r"[^\W\d_]{2,}")


class Page(HTMLParser):
    """Collects what stands in a template's own text and in the attributes that people hear."""

    def __init__(self):
        super().__init__()
        self.inside = []
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.inside += [tag] if tag in SILENT else []
        self.found += [value for name, value in attrs if name in HEARD and value]

    def handle_endtag(self, tag):
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside:
            self.found.append(data)


def bare_texts(template):
    """Words of a template that no catalogue can change."""
    text = template.read_text(encoding="utf-8")
    text = re.sub(r"\{%-?\s*trans.*?endtrans\s*-?%\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"<(/?)\s(?=[ >])", r"<\1i ", text)  # a tag whose name a template chooses
    page = Page()
    page.feed(text)
    return [words.strip() for words in page.found if LETTER.search(NAMES.sub("", words)) and words.strip() != "中文"]


def said_by_templates():
    found = set()
    environment = drawing.environment()
    for template in TEMPLATES:
        tree = environment.parse(template.read_text(encoding="utf-8"))
        for _, function, texts in extract_from_ast(tree, ("_", "gettext", "ngettext", "pgettext")):
            several = (texts,) if isinstance(texts, str) else tuple(text for text in texts or () if text)
            found.add("\x04".join(several) if function == "pgettext" else several[-1]) if several else None
    return found


def said_by_modules():
    """Texts given to say and later of crm.languages, and the sentences of refusals."""
    found = set()
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        ours = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "crm.languages"
            for alias in node.names
        }
        names = {name for name in ours if name in ("say", "later")} | (
            {"say", "later"} if path.stem == "languages" else set()
        )
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        said = [call.args[:1] for call in calls if _called(call) in names | {"languages.say", "languages.later"}]
        said += [call.args[1:2] for call in calls if _called(call) in ("say_count", "languages.say_count")]
        found |= {one.value for several in said for one in several if isinstance(one, ast.Constant)}
    return found


def faults():
    """What a form says at a field: the frame says it in the reader's language."""
    calls = [
        (path, node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _called(node) == "Fault"
    ]
    told = [(path, word.value) for path, call in calls for word in call.keywords if word.arg == "message"]
    return {(path.parent.name, one.value) for path, one in told if isinstance(one, ast.Constant)}


def _called(call):
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="languages"), attr=name):
            return f"languages.{name}"
    return None


def sentences():
    """What refusals say on pages."""
    import app  # noqa: F401  every room is read, so every refusal is known

    known = [Refused]
    for kind in known:
        known += kind.__subclasses__()
    at_the_terminal = ("tests", "leads.demo", "crm.process")
    return {kind.sentence for kind in known if not kind.__module__.startswith(at_the_terminal)}


def said():
    of_forms = {text for room, text in faults() if room == "pages"}
    return said_by_templates() | said_by_modules() | of_forms | {part.words for part in scoring.model().parts.values()}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(drawing.TEMPLATES)))
def test_no_text_stands_on_a_page_in_one_language_alone(template):
    assert bare_texts(template) == []


def test_every_text_of_the_house_has_its_chinese():
    assert {text for text in said() | sentences() if not languages.catalogue().get(text)} == set()


def test_no_chinese_text_is_kept_for_nothing():
    assert languages.catalogue().keys() - said() - sentences() - {text for _, text in faults()} == {""}


def test_no_two_catalogues_say_a_text_differently():
    known = defaultdict(set)
    for path in CATALOGUES:
        for english, chinese in languages.entries(path):
            known[english].add(chinese)

    assert {english: several for english, several in known.items() if english and len(several) > 1} == {}


def test_a_translation_names_the_same_facts_as_its_text():
    def facts(text):
        return set(re.findall(r"%\(\w+\)s|\{\w*\}", text))

    assert [text for text, chinese in languages.catalogue().items() if facts(text) != facts(chinese)] == []


def test_no_text_that_a_template_fills_in_breaks_on_a_percent_sign():
    texts = said_by_templates()
    both = texts | {languages.catalogue().get(text, "") for text in texts}

    assert [text for text in both if re.search(r"%(?!\(\w+\)s)", text.replace("%%", ""))] == []
