# %% [markdown]
# # Duplicates and gaps
#
# *Twice* and *not at all* look alike in a dashboard: a count that is off. A trace tells them apart, because it keeps every
# delivery as a row and knows what it has not read. Four traces with planted faults, which come with the workbench.

# %%
import workbench as wb

twice = wb.open(wb.dataset("visibility-too-short"))

# %% [markdown]
# ## The same message, twice
#
# A delivery is one arrival of a record at us. SQS promises at least one; how many more there were is a query.

# %%
import polars as pl

pl.Config.set_fmt_str_lengths(120)
twice.sql("""
    select record_id, max(receive_count) as receive_count, count(*) as deliveries, any_value(payload(body)) as payload
    from records
    where service = 'aws:sqs'
    group by record_id
    having max(receive_count) > 1
    order by receive_count desc
""")

# %% [markdown]
# Not all of them are alike. A `redelivery` came after an earlier attempt had failed or ended. An `overlapping_redelivery` came
# while an earlier attempt was still at work: two instances charged the same order at once.

# %%
found_twice = wb.find(twice)
found_twice

# %%
found_twice.frame("overlapping_redelivery")

# %% [markdown]
# The finding's own SQL returns the rows that prove it, in any tool that reads the trace.

# %%
(overlapping,) = (each for each in found_twice if each.kind == "overlapping_redelivery")
wb.witness(twice, overlapping)

# %% [markdown]
# ## Sent twice by the producer
#
# Here every message was delivered once. The content was sent again under another id, or published once and fanned out twice.

# %%
sent = wb.open(wb.dataset("lost-publish"))
found_sent = wb.find(sent)
found_sent

# %% [markdown]
# ## Missing
#
# A gap is only ever told of a number in the payload: AWS's own sequence numbers are not dense. This trace remembers that orders
# have a `$.version`; on your own pass `key=` and `sequence=`.

# %%
missing = wb.open(wb.dataset("image-gap"))
missing.settings()

# %%
found_missing = wb.find(missing)
found_missing.frame("sequence_gap")

# %% [markdown]
# An order's versions around its gap:

# %%
key = found_missing.frame("sequence_gap")["key"][0]
missing.sql(
    """
    select source_at, field(body, '$.version') as version, payload(body) as payload
    from records
    where service = 'aws:kinesis' and field(body, '$.order_id') = $key
    order by sequence_number::bignum
    """,
    key=key,
)

# %% [markdown]
# ## Missing, or not read?
#
# A stretch that was not read proves nothing about what was in it. It is a `capture_hole`, and no gap is told across it.

# %%
wb.coverage_bar(missing)

# %%
missing.coverage().filter(state="hole")

# %% [markdown]
# ## Do the books balance?
#
# What was captured of each source against what its function was handed and finished.

# %%
wb.measure(missing, "conservation")

# %% [markdown]
# ## In disorder is neither
#
# A child shard that is read before its parent, or versions the wrong way round, hand over everything once, and still too late.

# %%
disorder = wb.open(wb.dataset("reshard-disorder"))
found_disorder = wb.find(disorder)
wb.findings_panel(disorder, found_disorder)

# %% [markdown]
# ## Does it hold?

# %%
kinds = {each.kind for found in (found_twice, found_sent, found_missing, found_disorder) for each in found}
assert {"redelivery", "overlapping_redelivery", "producer_resend", "fanout_missing", "fanout_duplicate"} <= kinds
assert {"sequence_gap", "image_chain_break", "capture_hole", "inversion", "child_before_parent"} <= kinds
assert overlapping.count == 4
assert missing.coverage().filter(state="hole").height == 1
