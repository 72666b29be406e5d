"""`setup`: a stage's secrets and texts in SSM, its application and connector at Logto, its Twilio.

Each service's module reads what is there and adds what is missing to one plan; nothing is changed
while the plan is made. `command` shows the plan, and applies it after a yes.
"""
