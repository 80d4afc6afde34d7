# %% [markdown]
# # What happened last night?
#
# Customers of a shop complain: one order never moved on, one was never charged, some were confirmed twice.
# But for a queue behind the topic nobody had planned for this. The rest is what AWS still kept: a stream, a table's
# changes, a dead-letter queue, a function's log. All of it was captured into one trace, and this notebook reads it.
#
# Run the cells from top to bottom. Started with `workbench lab incident.trace`, the same notebook reads your own trace.

# %%
import os

import workbench as wb

trace = wb.open(os.environ.get("WORKBENCH_TRACE") or wb.dataset("orders"))

# %% [markdown]
# ## What do we have?

# %%
import polars as pl

pl.Config.set_fmt_str_lengths(120)
sources = pl.DataFrame(trace.info()["sources"])
sources.select("source_arn", "records", "partitions", "first_at", "last_at", "holes", "coverage")

# %% [markdown]
# ## What have we *not* seen?
#
# A number is only as good as the reading behind it. Green was read; a hole would stand out in red with its cause.

# %%
wb.coverage_bar(trace)

# %% [markdown]
# The same as rows:

# %%
trace.coverage()

# %% [markdown]
# ## When did it happen?

# %%
wb.timeline(trace)

# %% [markdown]
# The same as rows:

# %%
wb.activity(trace).head()

# %% [markdown]
# ## What went wrong?
#
# Walk through the findings with the arrow keys, press Enter to read the rows that prove the one you are on, Escape to go back.

# %%
findings = wb.find(trace)
panel = wb.findings_panel(trace, findings)
panel

# %% [markdown]
# The same as rows, the finding that is selected above and the rows that prove it:

# %%
findings.to_frame().select("kind", "source_arn", "count", "confidence", "coverage", "summary")

# %%
panel.witness()

# %% [markdown]
# ## What became of the orders concerned?
#
# The payload is bytes as they came; `field` reads them as the handler would have. These are all deliveries of the orders
# whose numbers have a gap or run backwards, in the order in which the stream keeps them.

# %%
kinds, settings = ("sequence_gap", "inversion"), trace.settings()
keys = [each["key"] for finding in findings if finding.kind in kinds for each in finding.instances]
trace.sql(
    """
    select field(body, $key) as key, field(body, $sequence) as number, source_at, partition_id, payload(body) as payload
    from records
    where service = 'aws:kinesis' and list_contains($keys, field(body, $key))
    order by key, partition_id, sequence_number::bignum
    """,
    keys=keys,
    key=settings.get("key", "$.order_id"),
    sequence=settings.get("sequence", "$.version"),
)

# %% [markdown]
# ## One order from end to end
#
# The story of the first key that a finding names: publish, deliveries, requests, changes, with the waits between. Where a log
# does not say who had a record, the step says how probable it is. Press Enter on a step to read what came.

# %%
wb.story_view(trace, keys[0] if keys else None)

# %% [markdown]
# The same as rows:

# %%
wb.story(trace, keys[0]).to_frame().drop("delivery_id") if keys else None

# %% [markdown]
# ## What sets the odd ones apart?
#
# Fields, shards and versions that are commoner among the records of a finding than among the others of its source, chance
# accounted for. Here for the finding that has the most deliveries.

# %%
most = max(findings, key=lambda finding: finding.deliveries)
others = trace.sql("select count(*) from records where source_arn = $arn", arn=most.source_arn).item() > most.deliveries
wb.contrast(trace, most).head(5) if others else "no other records to compare with"

# %% [markdown]
# ## To hand on
#
# One file for people who do not have the trace: it needs no network and runs no script.

# %%
from pathlib import Path
from tempfile import mkdtemp

from workbench.report import report

page = report(trace, findings, Path(mkdtemp()) / "report.html")
page.stat().st_size

# %% [markdown]
# ## Does it hold?
#
# Nothing above was drawn from anything but the trace, and every finding stands on rows that are in it.

# %%
assert wb.activity(trace)["deliveries"].sum() == trace.info()["records"]
for finding in findings:
    proof = trace.sql(finding.sql)
    assert proof["delivery_id"].n_unique() == finding.deliveries, finding.kind
assert "<script" not in page.read_text()
print(f"{len(findings)} findings, each with the rows that prove it")
