"""Providers (the controllers), schools, sites, succession, school years and terms.

The national register of organisations is public and stands in one table; a provider that has joined the platform
has a row of its own, by which everything of the tenant is kept apart.
"""
