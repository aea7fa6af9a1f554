"""One self-contained folder per outside service."""
