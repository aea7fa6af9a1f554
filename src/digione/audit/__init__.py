"""The log of use: append-only, without foreign keys, ids not content; its seal; its readers.

A row tells who, in which role, for which purpose and rule, whose data, and with what outcome, and is written in the
transaction of the use itself. A sealer chains the rows, so that a change afterwards is seen.
"""
