"""What the browser needs beside a page: where each file is served, and its bytes.

Promises that the URL of a file changes with its content, so that browsers may keep it for ever, and that nothing comes
from another origin. Built files are in the package `marquee_assets`; what was not built is served from `static/`.
"""

import functools
import gzip
import hashlib
import importlib.resources
import json
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

OWN = Path(__file__).parent.parent / "static"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(msgspec.Struct, frozen=True):
    """A file as it is served."""

    kind: str
    content: bytes
    zipped: bytes


def url(name: str) -> str | None:
    """Where `app.css` or `htmx.js` is served; None when it was not built, then the page does without."""
    return f"/static/{_files()[name][0]}" if name in _files() else None


def read(served: str) -> Asset | None:
    """The file behind the last part of its URL; only known names are ever looked for."""
    return _assets().get(served)


@functools.cache
def _assets() -> dict[str, Asset]:
    return {served: _asset(name, source.read_bytes()) for name, (served, source) in _files().items()}


def _asset(name: str, content: bytes) -> Asset:
    return Asset(KINDS[Path(name).suffix], content, gzip.compress(content, mtime=0))


@functools.cache
def _files() -> dict[str, tuple[str, Traversable]]:
    # By plain name: how it is served, and where it is. A built file replaces our own of the same name.
    own = {path.name: (_served_as(path), path) for path in sorted(OWN.iterdir()) if path.suffix in KINDS}
    return {**own, **_built()}


def _served_as(path: Path) -> str:
    return f"{path.stem}.{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}{path.suffix}"


def _built() -> dict[str, tuple[str, Traversable]]:
    try:
        package = importlib.resources.files("marquee_assets")
    except ModuleNotFoundError:
        return {}
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    return {name: (served, package / served) for name, served in manifest.items()}
