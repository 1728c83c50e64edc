"""The lane: one process, one input topic, state for the partitions it owns, no waiting for others.

This package knows no engine and no broker: records go in, flush groups come out. The engine that
moves the bytes is :mod:`services.kernel.kafka`; tests use :mod:`services.kernel.testing`.
"""
