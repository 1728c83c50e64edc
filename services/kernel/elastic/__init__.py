"""Elasticsearch for the services that use it: connection, patience, indices behind aliases."""
