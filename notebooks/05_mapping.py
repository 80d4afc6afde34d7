# %% [markdown]
# # How should the mapping be set?
#
# For five minutes every attempt of a function timed out, and what came again added to what came. Was the queue set wrong? The
# captured arrivals are simulated under other settings, with the same luck. First the model has to show what really happened:
# how far it is from that stands beside everything it says, and where it is too far it says nothing.

# %%
import workbench as wb

trace = wb.open(wb.dataset("retry-storm"))
queue = "sqs:notifications-1"

# %% [markdown]
# ## What happened

# %%
wb.find(trace)

# %%
trace.sql("select * exclude (document, source_arn, function_arn, log_group) from event_source_mappings")

# %% [markdown]
# ## May the model be believed?
#
# `prepare` fits handler and pollers to the capture, and is asked again and again afterwards. A misfit of 0 is no difference;
# above 1 nothing is recommended.

# %%
model = wb.tune.prepare(trace, queue)
model.found.tested

# %%
from workbench import charts

wb.show(charts.age_over_time(model.age_over_time()))

# %% [markdown]
# ## Would a longer visibility timeout have helped?
#
# The queue hid a message for 40 s; AWS advises six times the function's timeout.

# %%
answer = wb.tune.counterfactual(trace, queue, {"visibility_timeout_s": 180})
answer

# %% [markdown]
# It spares nobody. In the model each message fails as often as it did, and waits longer in between: what made the attempts time
# out, and until when, is not in it. The same for several settings, each row one simulation of the same arrivals:

# %%
import polars as pl

rows = []
for changes in (
    {"visibility_timeout_s": 30},
    {"visibility_timeout_s": 40},
    {"visibility_timeout_s": 180},
    {"max_receive_count": 5},
    {"max_receive_count": 3},
    {"maximum_concurrency": 2},
):
    seen = model.run(**changes)
    rows.append(
        {
            "changes": str(changes),
            "duplicates": seen.duplicates,
            "dead_letters": int(seen.share(1) * 150),
            "p50_age_s": seen.age_quantile_s(0.5),
            "p99_age_s": seen.age_quantile_s(0.99),
        }
    )
sweep = pl.DataFrame(rows)
sweep

# %% [markdown]
# A smaller maxReceiveCount ends the storm sooner, by giving messages up to the dead-letter queue: from there they can be sent
# back once the cause is gone. A concurrency of two makes everybody wait. Duplicates against dead letters, for each timeout:

# %%
visibility = wb.tune.visibility(trace, queue)
visibility

# %% [markdown]
# ## And batches, windows, concurrency?
#
# `mapping` tries them, and recommends the cheapest that keeps the objective in traffics drawn anew from the captured one. Where
# a capture cannot tell how a duration grows with the batch, it says so, and leaves batches alone.

# %%
advice = wb.tune.mapping(trace, queue, slo="p99 age < 10 min")
advice

# %%
advice.to_frame().select("label", "p50_age_ms", "p99_age_ms", "cost_per_month", "duplicate_share", "meets_slo", "is_current")

# %%
list(advice.notes)

# %% [markdown]
# ## By hand
#
# Move a setting, and the captured arrivals are simulated under it at once, with the misfit beside them.

# %%
wb.tune_panel(trace, queue)

# %% [markdown]
# ## Does it hold?

# %%
assert model.found.tested.accepted and answer.tested_accepted
assert answer.spared == 0
few, many = (sweep.filter(changes=str({"max_receive_count": count})) for count in (3, 5))
assert few["duplicates"][0] < many["duplicates"][0] and few["dead_letters"][0] > many["dead_letters"][0]
assert advice.recommended is not None or advice.reason
