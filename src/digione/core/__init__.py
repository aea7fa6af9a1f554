"""What every room stands on: ids, clock, tenancy, errors, secrets, history, outbox, the use case.

The core knows no learner and no school. It gives the rooms one way in (`use_case`) and sees to it that
reach, permission and audit cannot be forgotten.
"""
