"""What the handlers of payments register with."""

from chassis.consumer import Consumer

consumer = Consumer("payments")
