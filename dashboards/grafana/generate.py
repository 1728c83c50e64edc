"""Writes ``careline.json`` from ``panels.py``: ``python -m dashboards.grafana.generate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dashboards.grafana.panels import ROWS, Panel, Row

TARGET = Path(__file__).with_name("careline.json")

_DATASOURCE = {"type": "prometheus", "uid": "careline-prometheus"}
_PER_LINE = 3
_WIDTH, _HEIGHT = 24 // _PER_LINE, 8


def dashboard() -> dict[str, Any]:
    """Return the dashboard in Grafana's classic JSON model."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row in ROWS:
        panels.append(_row(row, len(panels) + 1, top))
        top += 1
        for number, panel in enumerate(row.panels):
            x, y = number % _PER_LINE * _WIDTH, top + number // _PER_LINE * _HEIGHT
            panels.append(_panel(panel, len(panels) + 1, x, y))
        top += -(-len(row.panels) // _PER_LINE) * _HEIGHT
    return {
        "uid": "careline",
        "title": "Careline",
        "description": "Lanes, gateway, gRPC, and how fresh the KPIs are.",
        "tags": ["careline"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_alerts()]},
        "panels": panels,
    }


def _alerts() -> dict[str, Any]:
    return {
        "name": "Alerts",
        "datasource": _DATASOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertname=~"Careline.*", alertstate="firing"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{service}} {{lane}} {{channel}}",
    }


def _row(row: Row, number: int, top: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
        "panels": [],
    }


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.alert_above is not None:
        steps.append({"color": "red", "value": panel.alert_above})
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.help,
        "datasource": _DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "color": {"mode": "palette-classic"},
                "custom": {
                    "fillOpacity": 8,
                    "showPoints": "never",
                    "thresholdsStyle": {
                        "mode": "off" if panel.alert_above is None else "dashed",
                    },
                },
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _DATASOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
            }
            for index, query in enumerate(panel.queries)
        ],
    }


def text() -> str:
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
