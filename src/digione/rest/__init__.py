"""The interfaces for programs: our own API and the standards of 1EdTech."""
