"""Measurements with ratios against peers or physical limits in the same run. Machines are noisy: compare ratios."""
