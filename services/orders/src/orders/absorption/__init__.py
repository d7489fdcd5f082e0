"""Emergency absorption (应急消纳): units pledge to buy a harvest that will not sell."""
