"""Figures that cannot flatter: what each is, exactly; docs/figures.md says how to read them.

Everything here is arithmetic on rows (`rows.Rows`): one a frame, what was held beside what a model says. Every figure
carries an interval over episodes or sessions (`intervals.Figure`), and is None where it stands on nothing: a button
that nobody pressed has no recall.
"""
