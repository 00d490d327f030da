"""Statistical models: the block model of one scenario, its variances, contrasts and intervals."""
