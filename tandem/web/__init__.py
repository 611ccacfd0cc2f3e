"""The status page: what operations people ask every day, as HTML and as Prometheus metrics, read only."""
