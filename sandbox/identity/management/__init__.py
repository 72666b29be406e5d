"""Logto's Management API, as far as operators and Portaria itself use it.

What is changed here takes effect at once: an application that was created can sign users in, and
codes are posted where the connector says.
"""
