"""Two languages: nothing on a page is left in the other one."""

import re

from jinja2.ext import extract_from_ast

from crm import languages
from crm.identity import scoring
from leads import pages

TEMPLATES = sorted(pages.TEMPLATES.rglob("*.html"))


def said() -> set[str]:
    """Every text that a page or a decision may say."""
    found: set[str] = set()
    for template in TEMPLATES:
        calls = extract_from_ast(pages.environment().parse(template.read_text(encoding="utf-8")), ("_", "gettext"))
        for _, _, texts in calls:
            found |= {texts} if isinstance(texts, str) else {text for text in (texts or ())[:1] if text}
    return found | {part.words for part in scoring.model().parts.values()}


def test_every_text_of_a_page_has_its_chinese():
    assert {text for text in said() if not languages.catalogue().get(text)} == set()


def test_no_chinese_text_is_kept_for_nothing():
    assert languages.catalogue().keys() - said() == {""}


def test_a_translation_names_the_same_facts_as_its_text():
    def facts(text):
        return set(re.findall(r"%\(\w+\)s", text))

    assert [text for text, chinese in languages.catalogue().items() if facts(text) != facts(chinese)] == []


def test_a_text_that_nobody_translated_is_said_in_english():
    languages.speak("zh-Hans")

    assert languages.say("Never heard of") == "Never heard of"
    assert languages.say("Skip to content") == "跳到正文"
