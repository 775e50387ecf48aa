# SPDX-License-Identifier: GPL-2.0-only
"""Judges answers of a signed zone, one message at a time.

Shares no code with the server: dnspython parses messages and zone files, the hashes and
signatures are computed with hashlib and python3-cryptography.

    names      names as tuples of lower-case labels; NSEC3 hashes
    model      what is right: the unsigned zone file, its cuts, its NSEC3 ring
    verify     RRSIGs against the zone's keys
    expect     question + model -> what the answer has to hold
    judge      answer + expectation -> named faults
    alone      a message by itself, where there is no model
    client     sends questions over UDP and TCP
    questions  seeded questions of every kind
    session    a server, its keys and its model put together
"""
