"""OneRoster CSV sets, versions 1.1 and 1.2 (1EdTech), from a folder or a zip archive, bulk."""
