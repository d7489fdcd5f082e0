"""Profit shares (利润分成): what each settled order gave, to whom, what refunds took back, what was paid."""
