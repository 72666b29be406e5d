"""The stand-in for Twilio's APIs of messages and accounts, and the phone that texts arrive on.

Real paths, authentication, form encoding, answers and error codes, as Twilio's own SDK expects
them, and a page that shows the messages as a phone does. Some numbers have a fate of their own:

- the magic numbers of Twilio's test credentials are refused at once: +15005550001 with 21211,
  …0002 with 21612, …0003 with 21408, …0004 with 21610, …0009 with 21614; and as a sender
  +15005550001 with 21212, …0007 with 21606, …0008 with 21611;
- +150055 and a delivery's error code, say +15005530003 or +15005530005, is accepted and fails
  later with that code, which a status callback reports.

Requests can be broken on purpose, too: see `sandbox.phone.faults`.
"""
