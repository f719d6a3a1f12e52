"""What holds at every door, for people and machines: how a request is received, how a failure is answered, and whether we are well."""
