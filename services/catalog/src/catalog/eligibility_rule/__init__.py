"""Rules of eligibility as data: a rule set of a nation, province or city, in versions that are edited and published."""
