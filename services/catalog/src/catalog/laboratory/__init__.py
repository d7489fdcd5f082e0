"""Laboratories and where their reports are recognised (检测结果互认)."""
