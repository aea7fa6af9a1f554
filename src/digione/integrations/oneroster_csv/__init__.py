"""OneRoster CSV sets, versions 1.1 and 1.2 (1EdTech), folders or zip archives: bulk in, bulk and delta out."""
