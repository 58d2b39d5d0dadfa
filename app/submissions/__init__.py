"""From a draft to a decision: submissions, reviews, notices, objections.

Knows what may happen to a submission and writes it down; knows neither HTTP nor the
log. What is published of it is made by `app.publication`.
"""
