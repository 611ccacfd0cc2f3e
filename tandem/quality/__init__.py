"""Whether data meets its expectations (design, section 2, step 3).

A suite per Salesforce object lies in ``expectations/`` as JSON that Great Expectations reads unmodified.
:func:`tandem.quality.check.check` holds a staged batch against it. Great Expectations is the judge; a
DuckDB query (:mod:`tandem.quality.screen`) finds the rows worth its time in a large batch.
:func:`tandem.quality.survey.survey` holds a whole object, as a :mod:`tandem.quality.snapshot`, against all of it.

Great Expectations takes seconds to import, so only :mod:`tandem.quality.gx` imports it, and only when
there are rows to judge.
"""
