"""Measurements with ratios against peers or physical limits in the same run; machines are noisy, so compare ratios."""
