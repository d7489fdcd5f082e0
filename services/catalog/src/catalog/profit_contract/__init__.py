"""Contracts on profit sharing (利润分成合同): a supplier gives a village or its households a share of what is sold."""
