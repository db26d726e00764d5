"""Receipts: what was applied for, on one page made for paper."""
