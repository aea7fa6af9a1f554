"""The `digione` command: everything that an administrator does from a terminal."""
