"""Compares what residents claim with the evidence that government holds, and explains every field."""
