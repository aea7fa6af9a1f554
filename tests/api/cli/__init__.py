"""The `digione` command, through the real process."""
