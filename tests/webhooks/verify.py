
# What the test adds to the sample: a call on standard input, and the clock of the receiver.
import datetime
import sys

import standardwebhooks.webhooks as library

call = json.load(sys.stdin)


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(call["now"], tz=tz)


library.datetime = Clock
print(json.dumps(receive(call["secret"], call["headers"], call["body"].encode())))
