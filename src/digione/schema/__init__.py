"""The open data model: each resource declared once, as a typed class.

From it come the JSON Schemas, the pages of the data model, and the test that compares it with the tables.
"""
