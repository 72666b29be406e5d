"""The stand-in for Logto: an OpenID provider whose visitors sign in with a phone number and a code.

It behaves on the wire as Logto was seen to behave, keeps everything in memory, and sends its codes
to the same HTTP SMS connector endpoint that Logto would.
"""
