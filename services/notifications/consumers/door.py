"""What the handlers of notifications register with."""

from chassis.consumer import Consumer

consumer = Consumer("notifications")
