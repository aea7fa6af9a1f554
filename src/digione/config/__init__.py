"""Settings, addresses, adapters: the only place that sees every room."""
