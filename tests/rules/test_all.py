"""Every rule is tested: its name stands in a test that sees it fire."""

from __future__ import annotations

from pathlib import Path

from croton.rules.pipeline import FAMILIES, PASSES


def test_each_rule_has_a_test() -> None:
    text = "".join(path.read_text() for path in sorted(Path(__file__).parents[1].glob("**/test_*.py")))
    rules = {rule.name for step in PASSES if step.stage for rule in step.stage.rules}
    assert not sorted(name for name in rules if f'"{name}"' not in text)


def test_rules_say_what_they_are_for() -> None:
    assert not [
        rule.name
        for step in PASSES
        if step.stage
        for rule in step.stage.rules
        if rule.pattern is None and not rule.why
    ]
    assert len(FAMILIES) == len(set(FAMILIES))
