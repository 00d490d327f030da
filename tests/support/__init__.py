"""Helpers that several tests share: small subjects, simulated devices, fakes."""
