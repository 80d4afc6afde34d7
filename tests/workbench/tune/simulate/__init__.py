"""The simulator, held against formulas, laws and itself."""
