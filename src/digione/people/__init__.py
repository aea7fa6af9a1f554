"""A person, once and for life; what opens a person to a provider; identifiers, guardianship, staff assignments.

A person belongs to no school. A provider sees a person through a link with a basis and a period; finding or creating
a person by identity code never tells a provider that the person was known elsewhere.
"""
