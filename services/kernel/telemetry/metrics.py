"""Every metric of every service, declared once. A customer or a conversation is never a label."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

LANE_RECORDS = Counter("careline_lane_records_total", "Input records made durable.", ["lane"])
LANE_EVENTS = Counter("careline_lane_events_total", "Input events made durable.", ["lane"])
LANE_FLUSH_SECONDS = Histogram(
    "careline_lane_flush_seconds", "One flush group, from close to acks.", ["lane"], buckets=_FAST
)
LANE_LAG_RECORDS = Gauge(
    "careline_lane_lag_records", "Records behind the end of the input.", ["lane", "partition"]
)
LANE_STALLED_SECONDS = Gauge(
    "careline_lane_stalled_seconds", "Seconds without progress while records wait.", ["lane"]
)
LANE_DEAD_LETTERS = Counter(
    "careline_lane_dead_letters_total", "Events put aside as dead letters.", ["lane"]
)
LANE_DUPLICATES = Counter(
    "careline_lane_duplicates_total", "Inputs dropped as already taken.", ["lane"]
)
LANE_RESTORE_SECONDS = Gauge(
    "careline_lane_restore_seconds", "Fencing and reading state at the last assignment.", ["lane"]
)

GATEWAY_REQUESTS = Counter(
    "careline_gateway_requests_total", "Webhook requests by outcome.", ["channel", "outcome"]
)
GATEWAY_ACCEPT_SECONDS = Histogram(
    "careline_gateway_accept_seconds", "From request to answer.", ["channel"], buckets=_FAST
)
GATEWAY_EVENTS = Counter(
    "careline_gateway_events_total", "Events published to the head.", ["channel"]
)
GATEWAY_SPOOLED = Gauge("careline_gateway_spooled_bytes", "Bytes that wait on disk for Kafka.")
GATEWAY_MEDIA = Counter(
    "careline_gateway_media_total",
    "What became of the media that messages point to.",
    ["channel", "outcome"],
)
GATEWAY_REPLIES = Counter(
    "careline_gateway_replies_total",
    "What became of replies; of a delayed one, every time.",
    ["channel", "outcome"],
)

IDENTITY_REPEATS = Counter(
    "careline_identity_repeats_total", "Events dropped because their id was accepted before."
)
IDENTITY_REMEMBERED_IDS = Gauge(
    "careline_identity_remembered_ids_count", "Event ids that a repeat is known by.", ["partition"]
)
IDENTITY_DECISIONS = Counter(
    "careline_identity_decisions_total", "Answers to the head: whose customer a party is."
)

GRPC_HANDLED = Counter(
    "grpc_server_handled_total", "Calls completed.", ["grpc_service", "grpc_method", "grpc_code"]
)
GRPC_SECONDS = Histogram(
    "grpc_server_handling_seconds",
    "Seconds per call.",
    ["grpc_service", "grpc_method"],
    buckets=_FAST,
)

KPI_CELLS = Gauge("careline_kpi_cells_count", "Cells in a replica's view.")
KPI_LIVE_AGE_SECONDS = Gauge(
    "careline_kpi_live_age_seconds", "Age of the live timeline's watermark in a replica's view."
)

INDEXER_DOCUMENTS = Counter(
    "careline_indexer_documents_total", "Documents written, by outcome.", ["outcome"]
)
INDEXER_RETRIES = Counter("careline_indexer_retries_total", "Bulk requests sent again.")

WALL_SNAPSHOT_AGE_SECONDS = Gauge(
    "careline_wall_snapshot_age_seconds", "Age of the snapshot that the wall serves."
)
