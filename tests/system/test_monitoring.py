# SPDX-License-Identifier: GPL-2.0-only
"""docs/monitoring/: the alert rules and the dashboard. That the server prints each metric in them is
tested where one runs, in test_metrics.py."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from processes import CommandFailed, run

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "docs" / "monitoring"
ANNOTATIONS = {"summary", "server", "todo", "seen_as"}


def alerts():
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def dashboard():
    return json.loads((FOLDER / "dashboard.json").read_text())


def expressions():
    """-> [(where, PromQL)] of all alerts and panels"""
    found = [(name, rule["expr"]) for name, rule in alerts().items()]
    for panel in dashboard()["panels"]:
        found += [(panel["title"], target["expr"]) for target in panel["targets"]]
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            found.append((variable["name"], re.fullmatch(r"label_values\((\w+), \w+\)",
                                                         variable["query"])[1]))
    return found


def names(expression):
    return set(re.findall(r"\btld_[a-z0-9_]+\b(?!=|!=)", expression))


def test_alerts_fire_when_they_should_and_only_then(tmp_path):
    """Catches a rule that never fires, or always; and an alert that is in no test."""
    run("promtool", "test", "rules", "alerts_test.yaml", cwd=FOLDER)
    tests = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text())["tests"]
    for name in alerts():
        cases = [case for test in tests if test["name"] == name
                 for case in test["promql_expr_test"]]
        assert [bool(case["exp_samples"]) for case in cases] == [False, True], name
        assert all(f'alertname="{name}"' in case["expr"] for case in cases), name
    well = [test for test in tests if test["name"] == "all is well"][0]
    fed = {name for line in well["input_series"] for name in names(line["series"])}
    for name, rule in alerts().items():
        assert names(rule["expr"]) <= fed, f"{name} is not fed where all is well"
    # The judge finds a rule that is dead.
    for file in ("alerts.yaml", "alerts_test.yaml"):
        shutil.copy(FOLDER / file, tmp_path)
    text = (tmp_path / "alerts.yaml").read_text()
    (tmp_path / "alerts.yaml").write_text(text.replace("tld_zone_live == 0", "tld_zone_live < 0"))
    with pytest.raises(CommandFailed, match="TldZoneNotServed"):
        run("promtool", "test", "rules", "alerts_test.yaml", cwd=tmp_path)


def test_each_alert_says_what_to_do():
    """Catches an alert without the three things that somebody who is woken by it needs, and a name in
    it that is neither in the code nor in the log."""
    sources = "".join(path.read_text() for room in ("plugin", "exporter", "publish")
                      for path in (TOP / room).glob("*.cc"))
    for name, rule in alerts().items():
        assert set(rule["annotations"]) == ANNOTATIONS, name
        assert rule["labels"]["severity"] in ("page", "ticket"), name
        told = re.findall(r"`([^`]+)`", rule["annotations"]["seen_as"])
        assert told, name
        for word in told:
            literal = word in ("`up`", "up") or word in sources or (
                word.rpartition(" ")[0] in sources and word.rpartition(" ")[2] in sources)
            assert literal, f"{name}: {word} is not in the sources"


def test_expressions_are_promql(tmp_path):
    """Catches what Grafana would only show as an empty panel."""
    rules = [{"record": f"panel:{number}", "expr": re.sub(r"\$__rate_interval", "5m", expression)}
             for number, (_, expression) in enumerate(expressions())]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run("promtool", "check", "rules", "--lint=none", file)


def test_dashboard_is_in_order():
    """Catches panels that lie on each other or have one id, and a variable that is not there."""
    board = dashboard()
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 20
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        assert panel["description"] and panel["datasource"]["uid"] == "${source}", panel["title"]
        for target in panel["targets"]:
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert used <= variables, panel["title"]
