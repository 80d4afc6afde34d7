# %% [markdown]
# # What happened last night?
#
# Orders come in through a topic, a queue and a stream. This morning one message lies in the dead-letter queue, and a
# customer says that two orders were charged twice. Nothing had been prepared for this: all there is, is what AWS still
# keeps, captured into a trace.
#
# Run the cells one after the other. Nothing here needs an AWS account or a network.

# %%
import polars as pl
import workbench as wb

trace = wb.open(wb.dataset("orders"))
trace

# %% [markdown]
# ## What do we have?
#
# One row a source. A delivery is one arrival of a record at us: a message that came twice is two rows.

# %%
pl.DataFrame(trace.info()["sources"], infer_schema_length=None).drop("service")

# %% [markdown]
# ## What do we not have?
#
# Before anything is called missing, we have to know what was read. Holes would stand at the top.

# %%
coverage = wb.coverage_bar(trace)
coverage

# %% [markdown]
# The same as a frame: `trace.coverage()`

# %%
trace.coverage().head()

# %% [markdown]
# ## How much came when?

# %%
timeline = wb.timeline(trace)
timeline

# %% [markdown]
# The same as a frame: `wb.timeline(trace).frame`

# %%
timeline.frame.group_by("source_arn", maintain_order=True).agg(pl.col("deliveries").sum())

# %% [markdown]
# ## What went wrong?
#
# `wb.find` looks for duplicates, losses, wrong order and hot keys. The trace remembers which field of an order is its
# key and which one counts its versions, so gaps in the versions can be told.
#
# Choose a finding with the mouse or the arrow keys: below it stand the rows that prove it.

# %%
found = wb.find(trace)
panel = wb.findings_panel(trace, found)
panel

# %% [markdown]
# The same as a frame: `found.to_frame()`; the rows of the selected finding: `panel.witness()`, and the call that returns
# them without the panel: `panel.call()`

# %%
print(panel.call())
panel.witness()

# %% [markdown]
# ## What happened to the order in the dead-letter queue?
#
# Any question is SQL. `payload(body)` is the payload as text; values are always given by name.

# %%
trace.sql(
    """
    select source_at, service, record_id, receive_count, payload(body) as payload
    from records where contains(payload(body), $order) order by source_at, delivery_id
    """,
    order="order-0031",
)

# %% [markdown]
# The total is `154,81`, with a comma: the function could not read it, every attempt failed, and the queue gave up.
# The two orders that were charged twice were placed twice, seconds apart, under different message ids: the findings
# say `producer_resend`. To see what a corrected function would have done with the same messages, replay them.
#
# ## What we may rely on

# %%
deliveries = trace.sql("select delivery_id from records")

assert timeline.frame["deliveries"].sum() == deliveries.height == trace.info()["records"]
assert coverage.frame.equals(trace.coverage())
assert set(coverage.frame["state"]) <= {"read", "assumed", "hole"}
assert all(trace.sql(each.sql)["delivery_id"].is_in(deliveries["delivery_id"].implode()).all() for each in found)
assert panel.witness().equals(trace.sql(panel.finding.sql) if panel.finding else pl.DataFrame())
