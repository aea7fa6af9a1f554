"""What a learner studies, where and with whom: courses, groups, school enrolment, enrolment in a group.

A group is a home group (class 3 B), a class section of a course, or a care group; one table holds them, since every
reader of rosters wants them alike. Study rights and attainments come to this room next.
"""
