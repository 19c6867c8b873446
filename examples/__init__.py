"""Game definitions, mapping profiles and small walkthroughs that the tests run."""
