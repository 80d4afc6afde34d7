# %% [markdown]
# # Would the new handler have done better?
#
# A function charges orders from a queue, and cannot read a total that has a comma. The queue was captured. Here its messages
# go through the code as it was, and through new code, with Lambda's own batches, retries and partial failures.
#
# Nothing leaves this machine. A handler runs without network and without credentials; where that cannot be proved, replay
# refuses. Its AWS calls are answered here, and kept.

# %%
import workbench as wb

trace = wb.open(wb.dataset("orders"))
queue = "sqs:orders-audit"

# %% [markdown]
# ## What comes in
#
# 62 messages; one total has a comma where the others have a point.

# %%
import polars as pl

pl.Config.set_fmt_str_lengths(120)
trace.sql("""
    select record_id, payload(body) as payload
    from records
    where source_arn like '%orders-audit'
    order by field(body, '$.total') like '%,%' desc, record_id
    limit 3
""")

# %% [markdown]
# ## Two handlers
#
# Two files, as they would be deployed; they differ in one expression.

# %%
from pathlib import Path
from tempfile import mkdtemp

OLD = '''
import json
import boto3

table = boto3.client("dynamodb")

def handle(event, context):
    failures = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            cents = str(round(float(order["total"]) * 100))
        except ValueError:
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        item = {"order_id": {"S": order["order_id"]}, "cents": {"N": cents}}
        table.put_item(TableName="charges", Item=item)
    return {"batchItemFailures": failures}
'''
NEW = OLD.replace('float(order["total"])', 'float(order["total"].replace(",", "."))')

folder = Path(mkdtemp())
for name, code in {"old.py": OLD, "new.py": NEW}.items():
    (folder / name).write_text(code)

# %% [markdown]
# ## The same messages through both
#
# Settings that were captured hold; this queue has no mapping of its own, so batches of up to ten with partial
# failures are asked for.

# %%
mapping = wb.EventSourceMapping(batch_size=10, function_response_types=("ReportBatchItemFailures",))
attempts = {"VisibilityTimeout": "30", "RedrivePolicy": {"maxReceiveCount": 3}}
old = wb.replay(trace, f"{folder}/old.py:handle", source=queue, mapping=mapping, queue_attributes=attempts)
old

# %%
new = wb.replay(trace, f"{folder}/new.py:handle", source=queue, mapping=mapping, queue_attributes=attempts)
new

# %% [markdown]
# What the old code did, attempt by attempt, with the message that it could not charge:

# %%
old.outcomes().filter(verdict="dead_lettered").head()

# %% [markdown]
# ## Old beside new
#
# Record by record, answers field by field, AWS call by AWS call. Only one order fares differently, and only it is written
# to the table where it was not before.

# %%
compared = wb.compare(old, new)
compared

# %%
fared = compared.to_frame().filter(pl.col("verdict_a") != pl.col("verdict_b"))
fared

# %%
compared.differences().select("field", "place", "change", "value_a", "value_b").head(10)

# %% [markdown]
# ## The smallest failure
#
# Which records does it take to fail as the old code did? `.save(folder)` writes them down as a test that fails, and as AWS
# commands that send them.

# %%
smallest = wb.shrink(old, queue_attributes=attempts)
smallest

# %% [markdown]
# ## May the new handler be handed a message twice?
#
# SQS will do so sooner or later. Here messages come twice, in other batches, and the handler is crashed behind its calls.
# The verdict holds for what was tried, and for no more.

# %%
twice = wb.idempotency(
    trace, f"{folder}/new.py:handle", source=queue, mapping=mapping, seeds=1, records_most=20
)
twice

# %% [markdown]
# ## By hand
#
# The same with a mouse: choose source and handler, run, cancel, set two runs side by side. Nothing runs before it is pressed.

# %%
wb.replay_panel(trace)

# %% [markdown]
# ## Does it hold?

# %%
assert old.records["total"] == new.records["total"] == 62
assert old.records["succeeded"] == 61 and new.records["succeeded"] == 62
assert fared.height == 1
assert len(smallest.items) == 1 and smallest.verdict == "always"
assert twice.verdict == "idempotent for what was tried"
