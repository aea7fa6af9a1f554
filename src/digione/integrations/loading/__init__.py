"""The machinery that every import shares.

Readers (`sources`, `tabular`, `values`) turn files into typed rows and problems without a database. `merge` stages rows
by COPY and merges them set-wise; `report` is what the person at the keyboard gets to know.
"""
