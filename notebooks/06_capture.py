# %% [markdown]
# # Capturing from your own account, safely
#
# This notebook needs no account and touches none: it captures from a local AWS on this machine. The same calls with `profile=`
# and `region=`, and without `endpoint_url=`, capture from yours; the last section has them.

# %%
import workbench as wb

# %% [markdown]
# ## What a capture may do
#
# Only operations on an allowlist are ever sent; the IAM policy is printed from the same list. Give a role these rights and no
# others, and AWS holds the capture to them as well.

# %%
import json

from connectors import policy

document = policy("kinesis:orders")
print(json.dumps(document, indent=2))

# %% [markdown]
# What is not on the list is refused before a request is made, whatever rights the credentials have:

# %%
from connectors import Access, Mode, OperationRefusedError

access = Access(region="us-east-1", endpoint_url="http://127.0.0.1:9")
try:
    access.client("kinesis", Mode.OBSERVE).delete_stream(StreamName="orders")
except OperationRefusedError as refusal:
    print(refusal)

# %% [markdown]
# ## An AWS of our own
#
# A stream with two shards and a queue, both on this machine. `workbench.local_aws` needs `pip install 'replay-workbench[local]'`.

# %%
from contextlib import ExitStack

from connectors import local_client
from workbench.local_aws import local_aws

running = ExitStack()
aws = running.enter_context(local_aws())
stream = local_client("kinesis", aws.endpoint_url, region=aws.region)
stream.create_stream(StreamName="orders", ShardCount=2)
for number in range(200):
    body = json.dumps({"order_id": number // 4, "version": number % 4 + 1, "card": "4111 1111 1111 1111"})
    stream.put_record(StreamName="orders", PartitionKey=f"customer-{number % 7}", Data=body.encode())

# %% [markdown]
# ## Capture
#
# A capture is a process of its own, the only one with credentials. The notebook goes on meanwhile. A stream is only read; a
# queue is read by `mode="peek"`, which hides messages for up to 30 s, and never without being asked to.
#
# With `redact="detect"` no secret that a detector knows reaches the disk. Equal values become equal tokens, so that duplicates
# and keys survive.

# %%
from pathlib import Path
from tempfile import mkdtemp

folder = Path(mkdtemp()) / "orders.trace"
capture = wb.start_capture(
    folder, ["kinesis:orders"], redact="detect", endpoint_url=aws.endpoint_url, region=aws.region
)
capture

# %%
told = capture.wait(timeout_s=60)
capture

# %%
trace = wb.open(folder)
trace

# %% [markdown]
# The card numbers were replaced before their first byte was written:

# %%
import polars as pl

pl.Config.set_fmt_str_lengths(120)
trace.sql("select partition_id, payload(body) as payload from records order by delivery_id limit 3")

# %% [markdown]
# ## What was read, and what was not
#
# Nothing is said of a stretch that is not covered. A capture that was stopped or killed goes on where it ended, when it is
# started again; what the source has not any more by then becomes a hole.

# %%
wb.coverage_bar(trace)

# %%
wb.verify(folder)

# %% [markdown]
# ## On your own account
#
# First what a capture would meet, by describe calls alone: missing rights, who else reads, what share of the quota it takes.
#
# ```sh
# workbench policy kinesis:orders lambda:charge
# workbench preflight kinesis:orders lambda:charge --profile prod --region eu-west-1
# ```
#
# Then the capture, from a cell or from a shell:
#
# ```python
# capture = wb.start_capture("incident.trace", ["kinesis:orders", "lambda:charge"], since="2h",
#                            redact="detect", profile="prod", region="eu-west-1")
# ```
#
# `mode="drain"` empties a queue. It is for queues that are yours to empty.
#
# The panel does the same with a mouse. It shows the policy that the sources need, and starts nothing before it is pressed.

# %%
wb.capture_panel(trace)

# %%
running.close()

# %% [markdown]
# ## Does it hold?

# %%
assert told["complete"] and trace.info()["records"] == 200
assert trace.sql("select count(*) from records where payload(body) like '%4111 1111%'").item() == 0
assert {"read", "sealed"} >= set(trace.coverage()["state"])
assert not wb.verify(folder).problems
