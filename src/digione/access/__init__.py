"""Who may do what: permissions, roles, rules, purposes, and the relations by which a rule finds its persons.

Permission rules live here and nowhere else. A rule says in a sentence who, by which relation, for which purpose;
the same rule answers "may she?" and "which rows?". Accounts, suppliers, apps and their taking into use stand here too.
"""
