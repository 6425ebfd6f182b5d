"""The message door: identity owns who learners are and needs to hear of nothing."""

from chassis.consumer import Consumer

consumer = Consumer("identity")
