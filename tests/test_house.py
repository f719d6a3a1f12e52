"""The house keeps its plan: arrows run one way, every room has a door plate, no file knows its machine."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APPS = ("crm", "campaigns", "leads")
FLOORS = {app: floor for floor, app in enumerate((*APPS, "app"))}
DOORS = ("pages", "api", "cli")
NO_ROOMS = {"services", "repositories", "utils", "helpers", "managers", "lib", "common", "misc"}
WORDS = {".py", ".toml", ".json", ".md", ".html", ".css", ".js", ".sql", ".csv", ".yaml", ".po", ".lock", ""}
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:work|root|farm|home/\w+|Users/\w+)/\w")


def modules():
    files = [ROOT / "app.py", ROOT / "piccolo_conf.py", *(path for app in APPS for path in (ROOT / app).rglob("*.py"))]
    return {_name(path): path for path in files if path.exists() and "piccolo_migrations" not in path.parts}


def imports(name, known):
    """The modules of ours that this one names, wherever in it the import stands."""
    for node in ast.walk(ast.parse(known[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (next((part for part in (each, each.rpartition(".")[0]) if part in known), None) for each in found)


def arrows():
    known = modules()
    return {name: {target for target in imports(name, known) if target and target != name} for name in known}


def test_no_app_imports_one_above_it():
    upward = [
        f"{name} -> {target}"
        for name, targets in arrows().items()
        for target in targets
        if FLOORS.get(_app(target), -1) > FLOORS.get(_app(name), -1) and name != "piccolo_conf"
    ]
    assert not upward


def test_inside_an_app_doors_call_verbs_and_verbs_use_tables():
    backward = [
        f"{name} -> {target}"
        for name, targets in arrows().items()
        for target in targets
        if _app(name) == _app(target) and _depth(name) < _depth(target) and not name.endswith("piccolo_app")
    ]
    assert not backward


def test_no_imports_run_in_a_circle():
    try:
        list(TopologicalSorter(arrows()).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_no_room_is_named_after_nothing():
    parts = {part for path in modules().values() for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}
    assert not {part for part in parts if part in NO_ROOMS or f"{part}s" in NO_ROOMS}


def test_every_room_says_what_it_is_for():
    silent = [name for name, path in modules().items() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent


def test_no_file_knows_the_machine_it_was_written_on():
    telling = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _our_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not telling


def _our_files():
    folders = (*APPS, "templates", "static", "tests", ".ci")
    nested = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    flat = (path for path in ROOT.iterdir() if path.name != ".git")
    return [path for path in (*flat, *nested) if path.is_file() and path.suffix in WORDS]


def _name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _app(name):
    return name.partition(".")[0]


def _depth(name):
    # 0 tables, 1 verbs, 2 doors; a package's door may be a folder (leads.pages.inbox).
    room = name.split(".")[1] if "." in name else ""
    return 0 if room == "tables" else 2 if room in DOORS else 1
