"""The SQS mapping once more, slow and readable: a list of what is visible, one step a batch, no code shared.

It answers the same questions with the same luck, so both must agree record by record.
"""

from dataclasses import dataclass, field
from math import inf

from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.chance import DURATION, POISON, RECORD_FAILURE, quantile, uniform
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.traffic import Traffic


@dataclass
class Message:
    number: int
    arrived_s: float
    size: int
    visible_s: float
    deliveries: int = 0
    done_s: float = inf
    gone: str = ""
    first_s: float | None = None
    begins: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    failures: int = 0


def plain_queue(  # noqa: C901 - told in one go, so that it can be read beside the guide
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int
) -> list[Message]:
    """Every message with its fate, for settings whose pollers neither grow nor shrink."""
    messages = [
        Message(number, float(at), int(size), float(at))
        for number, (at, size) in enumerate(zip(traffic.at_s, traffic.bytes, strict=True))
    ]
    free = [-1e18] * settings.profile.sqs_concurrency_start
    waiting = list(messages)
    calls = 0
    while waiting:
        waiting.sort(key=lambda message: (message.visible_s, message.number))
        free.sort()
        opened = max(free[0], waiting[0].visible_s)
        begun = opened
        if settings.profile.window_start == "previous_completion":
            begun = free[0] if opened <= free[0] + settings.window_s else opened
        closes = max(opened, begun + settings.window_s)
        batch: list[Message] = []
        received: dict[int, float] = {}
        closed, size, full = opened, 14, False
        for message in list(waiting):
            if len(batch) == (settings.mapping.batch_size or 1) or message.visible_s > closes:
                break
            now = max(opened, message.visible_s)
            lives = message.done_s > now and now - message.arrived_s <= settings.retention_s
            if settings.max_receive_count and message.deliveries >= settings.max_receive_count:
                lives = False
            if lives and batch and size + message.size + 1 > 6_291_556:
                closed, full = now, True
                break
            waiting.remove(message)
            if message.done_s <= now:
                continue
            if now - message.arrived_s > settings.retention_s:
                message.gone = "expired"
            elif settings.max_receive_count and message.deliveries >= settings.max_receive_count:
                message.gone = "dead_lettered"
            else:
                batch.append(message)
                size += message.size + 1
                received[message.number] = closed = now
        if not batch:
            continue
        if len(batch) < (settings.mapping.batch_size or 1) and not full:
            closed = closes
        attempt = batch[0].deliveries + 1
        lasts_s = model.median_ms(len(batch), size) / 1_000
        lasts_s *= quantile(model.residuals, uniform(seed, batch[0].number, attempt, DURATION))
        timed_out = lasts_s > settings.timeout_s
        end = closed + min(lasts_s, settings.timeout_s)
        free[0] = end
        calls += 1
        for message in batch:
            message.deliveries += 1
        failed = {
            message.number
            for message in batch
            if uniform(seed, message.number, message.deliveries, RECORD_FAILURE)
            < model.record_failure_share
            or uniform(seed, message.number, 0, POISON) < model.poison_share
        }
        if timed_out or (failed and not settings.mapping.reports_failures):
            failed = {message.number for message in batch}
        for message in batch:
            message.first_s = closed if message.first_s is None else message.first_s
            message.begins.append(closed)
            message.ends.append(end)
            message.calls.append(calls)
            message.failures += message.number in failed
            hidden_until = received[message.number] + settings.effective_visibility_s
            if message.number not in failed:
                message.done_s = min(message.done_s, end)
            if message.number in failed or end > hidden_until:
                message.visible_s = hidden_until
                waiting.append(message)
    return messages
