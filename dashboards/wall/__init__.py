"""The KPI wall: what executives see, read from the kpi service over gRPC."""
