"""The desks: what people see and use in a browser."""
