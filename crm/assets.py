"""What the browser needs beside a page: where each file is served, and its bytes.

Promises that the URL of a file changes with its content, so that browsers may keep it for ever, and that nothing comes from another origin.
Our own style and script are one file each, made of the rooms' parts; the built (small) one is served as long as it was made from today's parts.
"""

# The build reads this file by its path, where nothing but Python's own library is there.
import functools
import gzip
import hashlib
import importlib.resources
import json
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

OWN = Path(__file__).parent.parent / "static"
ROOMS = {"app.css": "room-*.css", "app.js": "js-*.js"}  # behind our own file come those of the rooms
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """A file as it is served."""

    kind: str
    content: bytes
    zipped: bytes


def url(name: str) -> str | None:
    """Where `app.css` or `htmx.js` is served; None when it was not built, then the page does without."""
    return f"/static/{_files()[name][0]}" if name in _files() else None


@functools.cache
def read(served: str) -> Asset | None:
    """The file behind the last part of its URL; only known names are ever looked for."""
    found = next(((name, source) for name, (known, source) in _files().items() if known == served), None)
    return _asset(*found) if found else None


def together(folder: Path) -> dict[str, bytes]:
    """Our own files by the name they are asked for: `app.css` with every `room-*.css` behind it, `app.js` with every `js-*.js`."""
    parts = {name: sorted(folder.glob(pattern)) for name, pattern in ROOMS.items()}
    behind = {part for several in parts.values() for part in several}
    alone = [path for path in sorted(folder.iterdir()) if path.suffix in KINDS and path not in behind]
    return {
        path.name: b"\n".join(part.read_bytes() for part in (path, *parts.get(path.name, ())))
        for path in alone
    }  # fmt: skip


def served_as(name: str, content: bytes) -> str:
    """The name with the content's digest in it."""
    return f"{Path(name).stem}.{digest(content)[:12]}{Path(name).suffix}"


def digest(content: bytes) -> str:
    """What tells one content from another."""
    return hashlib.sha256(content).hexdigest()


def _asset(name: str, source: bytes | Traversable) -> Asset:
    content = source if isinstance(source, bytes) else source.read_bytes()
    return Asset(KINDS[Path(name).suffix], content, gzip.compress(content, mtime=0))


@functools.cache
def _files() -> dict[str, tuple[str, bytes | Traversable]]:
    # By plain name: how it is served, and where it is.
    own = together(OWN)
    files: dict[str, tuple[str, bytes | Traversable]] = {
        name: (served_as(name, content), content) for name, content in own.items()
    }
    for name, served, built, made_from in _built():
        if name not in own or digest(own[name]) == made_from:
            files[name] = (served, built)
    return files


def _built() -> Iterator[tuple[str, str, Traversable, str]]:
    # Plain name, served name, where it is and, for what is our own, the digest of what it was made from.
    try:
        package = importlib.resources.files("marquee_assets")
    except ModuleNotFoundError:
        return
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    for name, told in manifest.items():
        served, made_from = (told, "") if isinstance(told, str) else (told["served"], told["made_from"])
        yield name, served, package / served, made_from
