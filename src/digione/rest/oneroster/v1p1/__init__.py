"""OneRoster 1.1 rostering: another form and other addresses of what 1.2 answers, and no second implementation.

Every answer is made of the answer of 1.2 (`shapes`), which is asked by the same use cases under the same rules. So 1.1
cannot tell of anybody of whom 1.2 does not, nor more of them; a question in the words of 1.1 is first put into those of 1.2.
Source: 1EdTech OneRoster Specification 1.1 (final release), section 3 (REST binding) and 4 (data model).
"""
