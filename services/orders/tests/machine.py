"""Hypothesis machines of this service: the same as everywhere."""

from services.shared.tests.machine import DatabaseMachine

__all__ = ["DatabaseMachine"]
