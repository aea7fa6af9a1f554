"""Demonstration municipalities: invented, deterministic, from four thousand learners to a million.

`generate` makes them without a database, `load` puts them into one, `oneroster_csv` writes them as OneRoster files.
The same seed and size always give the same people with the same ids. Nothing here is real: the places do not exist,
organisation OIDs are of the test node 199, learner numbers of the test node 98, identity codes of the artificial range
900–999, addresses of e-mail end in `.example`, and no telephone number has a subscriber number that is in use.
"""
