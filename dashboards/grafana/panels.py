"""What the operators' dashboard shows: rows of panels, each with its queries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A time series; ``alert_above`` draws the line at which somebody is called."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    help: str = ""
    alert_above: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


def _p99(histogram: str, by: str) -> str:
    return (
        f"histogram_quantile(0.99, sum by (le, {by}) (rate({histogram}_bucket[$__rate_interval])))"
    )


def _rate(counter: str, by: str) -> str:
    return f"sum by ({by}) (rate({counter}[$__rate_interval]))"


SERVICES = Row(
    "Services",
    (
        Panel(
            "Answering",
            "short",
            (Query('up{job="careline"}', "{{service}} {{instance}}"),),
            help="1: Prometheus reaches the service.",
        ),
        Panel(
            "Starts in ten minutes",
            "short",
            (Query('changes(process_start_time_seconds{job="careline"}[10m])', "{{service}}"),),
            alert_above=3,
        ),
        Panel(
            "Memory",
            "bytes",
            (Query('process_resident_memory_bytes{job="careline"}', "{{service}}"),),
        ),
    ),
)

LANES = Row(
    "Lanes",
    (
        Panel(
            "Lag",
            "short",
            (Query("sum by (lane) (careline_lane_lag_records)", "{{lane}}"),),
            help="Records between the end of a lane's input and what it has applied.",
        ),
        Panel("Events", "ops", (Query(_rate("careline_lane_events_total", "lane"), "{{lane}}"),)),
        Panel(
            "Flush, 99th percentile",
            "s",
            (Query(_p99("careline_lane_flush_seconds", "lane"), "{{lane}}"),),
            help="Outputs, effects and state made durable, per flush group.",
        ),
        Panel(
            "Stalled",
            "s",
            (Query("max by (lane) (careline_lane_stalled_seconds)", "{{lane}}"),),
            help="Nothing was committed for so long although records wait.",
            alert_above=60,
        ),
        Panel(
            "Dead letters and duplicates",
            "ops",
            (
                Query(_rate("careline_lane_dead_letters_total", "lane"), "{{lane}} dead letters"),
                Query(_rate("careline_lane_duplicates_total", "lane"), "{{lane}} duplicates"),
            ),
            help="Duplicates are normal after a restart; dead letters never are.",
        ),
        Panel(
            "Restoring at the last assignment",
            "s",
            (Query("max by (lane) (careline_lane_restore_seconds)", "{{lane}}"),),
        ),
    ),
)

GATEWAY = Row(
    "Gateway",
    (
        Panel(
            "Events published",
            "ops",
            (Query(_rate("careline_gateway_events_total", "channel"), "{{channel}}"),),
        ),
        Panel(
            "Requests by outcome",
            "reqps",
            (Query(_rate("careline_gateway_requests_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            "Time to answer, 99th percentile",
            "s",
            (Query(_p99("careline_gateway_accept_seconds", "channel"), "{{channel}}"),),
        ),
        Panel(
            "Waiting on disk",
            "bytes",
            (Query('careline_gateway_spooled_bytes{service="gateway"}', "{{instance}}"),),
            help="Accepted while Kafka did not answer; sent as soon as it does.",
            alert_above=1,
        ),
        Panel(
            "Replies by outcome",
            "ops",
            (Query(_rate("careline_gateway_replies_total", "outcome"), "{{outcome}}"),),
            help="Calls of the platforms. Unknown: the connection ended before the answer.",
        ),
        Panel(
            "Media by outcome",
            "ops",
            (Query(_rate("careline_gateway_media_total", "outcome"), "{{outcome}}"),),
            help="What messages point to. Refused: the host, size or type is not allowed.",
        ),
    ),
)

GRPC = Row(
    "gRPC",
    (
        Panel(
            "Calls",
            "reqps",
            (Query(_rate("grpc_server_handled_total", "grpc_service"), "{{grpc_service}}"),),
        ),
        Panel(
            "Calls that failed",
            "reqps",
            (
                Query(
                    "sum by (grpc_method, grpc_code) "
                    '(rate(grpc_server_handled_total{grpc_code!="OK"}[$__rate_interval]))',
                    "{{grpc_method}} {{grpc_code}}",
                ),
            ),
        ),
        Panel(
            "Time per call, 99th percentile",
            "s",
            (Query(_p99("grpc_server_handling_seconds", "grpc_method"), "{{grpc_method}}"),),
            help="A stream counts once, when it ends.",
        ),
    ),
)

FRESHNESS = Row(
    "KPIs, wall and index",
    (
        Panel(
            "Age of what is shown",
            "s",
            (
                Query('careline_wall_snapshot_age_seconds{service="wall"}', "wall {{instance}}"),
                Query('careline_kpi_live_age_seconds{service="kpi"}', "kpi {{instance}}"),
            ),
            alert_above=30,
        ),
        Panel(
            "Cells in a replica's view",
            "short",
            (Query('careline_kpi_cells_count{service="kpi"}', "{{instance}}"),),
        ),
        Panel(
            "Documents indexed",
            "ops",
            (
                Query(_rate("careline_indexer_documents_total", "outcome"), "{{outcome}}"),
                Query(
                    "sum(rate(careline_indexer_retries_total[$__rate_interval]))",
                    "requests sent again",
                ),
            ),
        ),
    ),
)

ROWS = (SERVICES, LANES, GATEWAY, GRPC, FRESHNESS)
