"""What is noted can be read: every action of the house has its words."""

import ast
from pathlib import Path

from crm.audit import ACTIONS

ROOT = Path(__file__).parents[2]


def noted():
    """The actions that the code names outright, with the file that does."""
    for app in ("crm", "campaigns", "leads"):
        for path in (ROOT / app).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "history.note" and len(call.args) > 1:
                    action = call.args[1]
                    if isinstance(action, ast.Constant):
                        yield str(action.value), path.name


def test_every_action_that_is_noted_has_words():
    assert not {(action, where) for action, where in noted() if action not in ACTIONS}
