"""What is said of the national register's rules, by code: part of `messages`, which has all words of imports.

The codes begin with `register-`: what they tell of an import refuses nothing, and `digione koski check` tells them as the
register would (`integrations/koski/register_rules.py`).
"""


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues, as in `messages`."""
    return text


REGISTER_MESSAGES: dict[str, str] = {
    "register-assessed-early": gettext_noop("The assessment is of %(day)s, before the attainment began (%(begins)s)."),
    "register-assessed-late": gettext_noop(
        "The assessment is of %(day)s, after the attainment was confirmed (%(confirmed)s)."
    ),
    "register-average-early": gettext_noop("An average is told only once the qualification is confirmed."),
    "register-begins-early": gettext_noop(
        "The attainment begins on %(day)s, before the study right does (%(begins)s)."
    ),
    "register-common-units": gettext_noop(
        "The common units of a complete qualification are of 35 points at least; marked ones here are of %(found)s."
    ),
    "register-confirmation-incomplete": gettext_noop(
        "The confirmation lacks this. It tells the day, the organisation and at least one person who confirms."
    ),
    "register-confirmed-early": gettext_noop("The attainment is confirmed on %(day)s, before it began (%(begins)s)."),
    "register-confirmed-late": gettext_noop(
        "The attainment is confirmed on %(day)s, after the study right ended (%(ends)s)."
    ),
    "register-confirmed-though-left": gettext_noop(
        "This is confirmed, although the study right ends with “%(state)s”. Use “valmistunut”, or "
        "remove the confirmation."
    ),
    "register-courses": gettext_noop("The syllabus is confirmed with %(found)s courses; %(wanted)s are expected."),
    "register-credits": gettext_noop(
        "The syllabus is confirmed with %(found)s credits, %(chosen)s of them optional; %(wanted)s "
        "and %(optional)s are needed."
    ),
    "register-curriculum": gettext_noop(
        "The curriculum %(curriculum)s is in force from %(begins)s; on %(day)s it was not yet."
    ),
    "register-day-derived": gettext_noop(
        "The day %(day)s is not that of the states, which the register takes: %(derived)s."
    ),
    "register-ended-field": gettext_noop("This is no longer used after %(last)s."),
    "register-expected-end": gettext_noop("The expected end %(day)s is before the study right begins (%(begins)s)."),
    "register-extended-disability": gettext_noop(
        "Extended compulsory education and periods of disability do not match: they begin and end "
        "with it, of one kind at a time."
    ),
    "register-failed-unit": gettext_noop("A failed unit is not stored. Leave the unit out until it is passed."),
    "register-funding-told": gettext_noop(
        "States of this level do not tell how the studies are paid for. Leave it out."
    ),
    "register-further-long": gettext_noop(
        "A period of further preparatory instruction lasts a year at most. This one is longer, or "
        "has been open for longer."
    ),
    "register-given-name": gettext_noop("The name by which the person is called is none of the first names."),
    "register-language": gettext_noop("The language %(value)s does not go with the subject %(module)s."),
    "register-limited-and-individualised": gettext_noop("A syllabus is either limited or individualised, not both."),
    "register-limited-early": gettext_noop("A limited syllabus stands only in what is confirmed from %(first)s on."),
    "register-limited-mark": gettext_noop(
        "A limited syllabus does not have the mark %(value)s here. Allowed: %(allowed)s."
    ),
    "register-limited-unsupported": gettext_noop(
        "The syllabus is limited, but there is no decision on support on the day of confirmation, %(day)s."
    ),
    "register-mark": gettext_noop("%(value)s is no mark of the scale: 4 to 10, S, H or O."),
    "register-mark-in-numbers": gettext_noop("%(module)s has the mark %(value)s, and is not assessed by numbers here."),
    "register-mark-in-words": gettext_noop("%(module)s has the mark %(value)s, and is assessed by numbers here."),
    "register-module": gettext_noop("%(value)s is not expected here. Allowed: %(allowed)s."),
    "register-ninth-year-subjects": gettext_noop(
        "A confirmed ninth grade has no subjects of its own unless it is repeated: the certificate has them."
    ),
    "register-no-average": gettext_noop("A complete initial qualification has an average."),
    "register-no-certificate": gettext_noop(
        "Basic education is completed, but there is no certificate (perusopetuksenoppimaara)."
    ),
    "register-no-employer": gettext_noop("An apprenticeship names the employer by business id."),
    "register-no-funding": gettext_noop("The state “%(state)s” does not tell how the studies are paid for."),
    "register-no-mark": gettext_noop("This is confirmed, but has no assessment."),
    "register-no-ninth-year": gettext_noop("The certificate is confirmed, but the ninth grade is missing."),
    "register-no-organiser": gettext_noop("Pre-primary education is bought, but its provider is not named."),
    "register-no-parts": gettext_noop("This is finished, but nothing that it is made of is told."),
    "register-no-size": gettext_noop("%(module)s has no size."),
    "register-not-tied": gettext_noop("Study rights that start after 2025-07-31 are always tied to year groups."),
    "register-one-attainment": gettext_noop(
        "This attainment does not go with the others of the study right; it stands alone."
    ),
    "register-other-year": gettext_noop(
        "The subject is of grade %(year)s, but no period of studies by objectives or of a combined "
        "class covers the day."
    ),
    "register-outside-support": gettext_noop("This period does not lie within a decision on support."),
    "register-part-confirmed-late": gettext_noop(
        "The part is confirmed on %(day)s, after what it is a part of (%(whole)s)."
    ),
    "register-part-unfinished": gettext_noop("%(module)s has no mark, although what it is a part of is confirmed."),
    "register-period-order": gettext_noop("The period ends before it starts."),
    "register-periods-overlap": gettext_noop("This period overlaps another one with which it may not stand."),
    "register-religion-and-ethics": gettext_noop("Religion (KT) and ethics (ET) do not stand in one attainment."),
    "register-religion-told": gettext_noop(
        "Which religion is taught is no longer stored: the register drops it. Leave it out."
    ),
    "register-same-year": gettext_noop("The subject names grade %(year)s, which is the grade's own. Leave it out."),
    "register-scales": gettext_noop(
        "Numbers of the scale %(value)s stand beside those of %(other)s; one attainment uses one scale."
    ),
    "register-single-subject-optional": gettext_noop("A subject that is studied for itself is a compulsory one."),
    "register-size-unit": gettext_noop("The size of %(module)s is told in another unit than that of the whole."),
    "register-sizes-sum": gettext_noop("The sizes of the parts add up to %(total)s, that of the whole is %(size)s."),
    "register-spoken": gettext_noop(
        "The eighth module of the language %(value)s asks for a test of spoken language, which is missing."
    ),
    "register-state-after-end": gettext_noop(
        "The study right has ended with “%(state)s”; no other state follows it, but an annulment."
    ),
    "register-states-order": gettext_noop("The state begins on %(day)s, not after the one before it (%(before)s)."),
    "register-subject-twice": gettext_noop("The compulsory subject %(module)s stands twice."),
    "register-support-before": gettext_noop("The decision on support ends before the study right begins (%(begins)s)."),
    "register-too-early": gettext_noop("There are periods of this kind only from %(first)s on."),
    "register-tuva-holiday": gettext_noop("A holiday is told only under the licence of vocational education."),
    "register-tuva-orientation": gettext_noop(
        "The part 101, skills in studying and career planning, is missing or not passed."
    ),
    "register-tuva-state": gettext_noop("“eronnut” is not used at this level. Use “katsotaaneronneeksi”."),
    "register-tuva-weeks": gettext_noop("This is of %(least)s to %(most)s weeks."),
    "register-unconfirmed": gettext_noop("The study right is completed, but this is not confirmed."),
    "register-undated-mark": gettext_noop("The mark has no day."),
    "register-unit-of-other-time": gettext_noop("The common unit %(module)s is not of qualifications of this manner."),
    "register-year-after-end": gettext_noop("The grade begins on %(day)s, after the study right ended (%(ends)s)."),
    "register-year-without-class": gettext_noop("Grade %(year)s does not tell the class."),
    "register-year-without-start": gettext_noop("Grade %(year)s does not tell on which day it began."),
    "register-years-same-start": gettext_noop("Grade %(year)s begins on the same day as grade %(other)s."),
    "register-years-unfinished": gettext_noop(
        "Grade %(year)s is unfinished, and so is grade %(other)s; one at most may be."
    ),
}
