"""How pages are drawn: the templates' environment, what every template may say, and how it writes numbers, times and addresses.

Promises that what somebody typed is escaped, and that a name a template does not know is a bug, never an empty place.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig

from crm import assets, languages

TEMPLATES = assets.OWN.parent / "templates"
WRITTEN = ("number", "signed", "percent", "day", "weekday", "iso_day", "time", "stamp", "moment", "span", "ago")


def templates() -> TemplateConfig[JinjaTemplateEngine]:
    """What Litestar renders pages with."""
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment()))


def environment() -> Environment:
    """Templates, what they may say and how; a name that a template does not know is a bug, never an empty place."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(languages.say, languages.say_count, newstyle=True, pgettext=languages.say_in)  # type: ignore[attr-defined]
    made.globals.update(
        asset=assets.url,
        spoken=languages.spoken,
        zone=languages.zone,
        now=_now,
        spans=_spans,
        _brand_facts=_brand_facts,
    )
    made.filters.update({name: getattr(languages, name) for name in WRITTEN}, query=_query)
    return made


def _query(known: Mapping[str, Any], **changed: Any) -> str:
    """`{{ asked|query(sort="name", after=none) }}`: a query string with some of it changed; what is None or empty is left out."""
    pairs = {**known, **changed}
    kept = {key: value for key, value in pairs.items() if value not in (None, "", [], ())}
    return f"?{urlencode(kept, doseq=True)}" if kept else ""


@pass_context
def _brand_facts(context: Context, it: Any) -> Any:
    """What a macro needs of a brand, given by its facts, code or id."""
    if isinstance(it, (str, int)):
        return next(brand for brand in context["brands"] if it in (brand.code, brand.id))
    return it


def _spans() -> str:
    """The words of relative times, for the script that keeps them true."""
    return json.dumps([languages.say(words) for words in languages.SPANS], ensure_ascii=False)


def _now() -> datetime:
    return datetime.now(UTC)
