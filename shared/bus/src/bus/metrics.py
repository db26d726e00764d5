"""What the bus counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

HANDLED = Counter("yizheng_messages_handled", "Messages handled and committed", ["service", "event"])
REPEATED = Counter("yizheng_messages_repeated", "Messages ignored because they were handled before", ["service"])
RETRIED = Counter("yizheng_messages_retried", "Messages sent to wait for another attempt", ["service", "event"])
DEAD_LETTERED = Counter("yizheng_messages_dead_lettered", "Messages given up", ["service", "event", "reason"])
REFUSED = Counter(
    "yizheng_messages_refused",
    "Messages of department systems that were answered with what is wrong",
    ["service", "publisher", "reason"],
)
FORGED = Counter(
    "yizheng_messages_forged",
    "Messages that are not signed by who may say them, or by whom they name, or were sent back by who may not",
    ["reader", "reason"],
)
HANDLING = Histogram(
    "yizheng_message_handling_seconds",
    "Time from the start of a handler to its commit",
    ["service", "event"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)
PAUSED = Gauge("yizheng_consumption_paused", "1 while a dependency is down and one message probes", ["service"])
PUBLISHED = Counter("yizheng_events_published", "Events that the broker has confirmed", ["service", "event"])
NOT_PUBLISHED = Counter("yizheng_publish_failures", "Publishes that the broker did not confirm", ["service"])
DECLARED = Gauge(
    "yizheng_topology_declared",
    "1 while everything is declared on the broker and every account is held to its own routing keys",
    ["service"],
)
CONNECTED = Gauge("yizheng_broker_session", "1 while the broker delivers to this service", ["service"])
INTAKE = Gauge("yizheng_intake_working", "1 while what arrives in these queues is kept", ["intake"])
READY = Gauge(
    "yizheng_queue_messages",
    "Messages that wait in the service's own queue (work), in a sender's (its name), or were given up (dead-letters)",
    ["service", "queue"],
)
QUOTA_USED = Gauge(
    "yizheng_quota_used", "What a system outside has sent this hour, as a share of its quota", ["service", "sender"]
)
LOOP_HELD = Counter(
    "yizheng_event_loop_held", "Times that one piece of work held the event loop for seconds", ["service"]
)
HANDLERS_STOPPED = Counter(
    "yizheng_handlers_stopped", "Handlers and requests that were stopped because they held the event loop", ["service"]
)
SESSIONS_ENDED = Counter(
    "yizheng_dead_sessions_ended", "Processes that beat no more, the open transaction of which was ended", ["service"]
)
BLOCKED = Counter(
    "yizheng_commits_blocked", "Attempts to commit that another open transaction was in the way of", ["service"]
)
