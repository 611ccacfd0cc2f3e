"""SOQL: text to tree (`parser`), tree to SQL as one user sees the org (`compiler`), rows to JSON (`finder`).

No recording backs these; they follow the reference or, where it is silent, what seems likeliest:

- the words (not the codes) of refusals for semi-joins, DISTANCE, scopes, functions and aliases
- FOR UPDATE refused over REST; WITH SECURITY_ENFORCED and USER_MODE accepted
- an org with one currency refuses convertCurrency() and constants such as USD5000
- comments, a sign apart from its digits and a negative n of LAST_N_DAYS refused
- nulls first under DESC too, as the reference says
- GROUP BY tells text apart by case

Missing: TYPEOF on the path of a parent or with paths in its fields, WITH DATA CATEGORY, fiscal years that do
not start in January, and the rule that subqueries in subqueries need version 58.
"""
