"""Careline without containers: Kafka, Elasticsearch and every service as local processes."""
