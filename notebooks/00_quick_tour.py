# %% [markdown]
# # A quick tour
#
# Five minutes with a capture of an order system in which ten things were made to go wrong. No AWS account is needed: the
# trace comes with the workbench. Each section stands for a notebook of its own, named beside it.

# %%
import workbench as wb

trace = wb.open(wb.dataset("orders"))
trace

# %% [markdown]
# What is in it, how much of it is known, and what was found, at one look:

# %%
wb.overview(trace)

# %% [markdown]
# ## What happened? (01, 03)
#
# `find` looks for 27 kinds of trouble. Each finding has the rows that prove it and says how sure it is. Walk with the
# arrow keys, Enter reads the proof.

# %%
findings = wb.find(trace)
wb.findings_panel(trace, findings)

# %% [markdown]
# When it happened, and what was read of it. Brush the time line, and all views of this trace follow. A number is only as good as
# the reading behind it.

# %%
wb.timeline(trace)

# %%
wb.coverage_bar(trace)

# %% [markdown]
# ## Ask it anything
#
# Every record is a row, whatever service it came from. A cell of SQL needs one line before it.

# %%
%load_ext workbench

# %%
%%trace --as busiest
select ordering_key, count(*) as records
from records
where service = 'aws:kinesis'
group by all
order by records desc, ordering_key
limit 5

# %% [markdown]
# `$.customer` is a path into the payload. What is chosen here is chosen for all views of the trace, and `selected` has it
# for SQL.

# %%
chosen = wb.crossfilter(trace)
chosen.set("tour", wb.Clause.typed("$.customer == 'customer-07' and service = 'aws:kinesis'"))
chosen

# %%
wb.events(trace)

# %%
selected = trace.sql("select count(*) from selected").item()
chosen.reset()
selected

# %% [markdown]
# ## Would new code do better? (02)
#
# The same message, handed to a handler as Lambda would hand it over, in a sandbox without network and credentials.

# %%
from pathlib import Path
from tempfile import mkdtemp

handler = Path(mkdtemp()) / "handler.py"
handler.write_text('''
import json

def handle(event, context):
    for record in event["Records"]:
        total = json.loads(record["body"])["total"]
        print("charged", round(float(total.replace(",", ".")) * 100), "cents")
''')
run = wb.replay(trace, f"{handler}:handle", source="sqs:orders-dlq")
run

# %% [markdown]
# ## Is it set right? (04, 05)
#
# What it costs, and how many shards this traffic needs. Both say what they rest on.

# %%
wb.tune.cost(trace)

# %%
plan = wb.tune.shards(trace, "kinesis:order-events")
plan

# %% [markdown]
# ## All of it in tabs
#
# The same views side by side, with what is selected in one selected in all.

# %%
wb.workbench(trace)

# %% [markdown]
# ## Does it hold?

# %%
assert {"sequence_gap", "inversion", "producer_resend", "hot_key"} <= {each.kind for each in findings}
assert busiest["ordering_key"][0] == "customer-07" and busiest["records"][0] == selected
assert run.records["succeeded"] == run.records["total"] == 1
assert len(plan.planned.starts) < len(plan.current.starts)
