"""Kafka, the disk, HTTP and the accounts file."""
