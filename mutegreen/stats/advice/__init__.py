"""Advice: recommended mutants, diagnostics of the audit, required repetitions, energy to target, phases."""
