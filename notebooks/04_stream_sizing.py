# %% [markdown]
# # How many shards, and where are they cut?
#
# A shard takes 1 MB and 1,000 records a second. What falls into which shard is decided by an MD5 of the partition key, so an
# even split is right only for even keys. Twenty seconds of a sale, written here with a fixed seed: one customer has a third of
# the traffic.

# %%
import workbench as wb

# %% [markdown]
# ## The sample
#
# Records as `aws kinesis get-records` answers them, and the shards as `aws kinesis list-shards` does; `workbench import` takes
# what people have saved. On your own traffic this section is `workbench capture incident.trace kinesis:NAME`.

# %%
import base64
import hashlib
import json
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

HASH_KEYS, SHARDS = 2**128, 2
chance = random.Random(7)
began_at = datetime.fromisoformat("2026-11-27T08:00:00+00:00")
answers = [[] for _ in range(SHARDS)]
for number in range(36_000):
    key = "customer-07" if chance.random() < 1 / 3 else f"customer-{chance.randrange(400):03}"
    place = int(hashlib.md5(key.encode()).hexdigest(), 16) * SHARDS // HASH_KEYS
    at = began_at + timedelta(milliseconds=number * 20_000 / 36_000)
    body = json.dumps({"customer": key, "order": number}).encode()
    answers[place].append(
        {
            "SequenceNumber": f"4966{number:052}",
            "ApproximateArrivalTimestamp": at.isoformat(),
            "Data": base64.b64encode(body).decode(),
            "PartitionKey": key,
        }
    )

# %%
folder = Path(mkdtemp())
arn = "arn:aws:kinesis:us-east-1:111122223333:stream/sale"
ranges = [
    {
        "ShardId": f"shardId-{place:012}",
        "HashKeyRange": {
            "StartingHashKey": str(HASH_KEYS * place // SHARDS),
            "EndingHashKey": str(HASH_KEYS * (place + 1) // SHARDS - 1),
        },
        "SequenceNumberRange": {"StartingSequenceNumber": f"4966{0:052}"},
    }
    for place in range(SHARDS)
]
(folder / "shards.json").write_text(json.dumps({"Shards": ranges}))
for place, records in enumerate(answers):
    (folder / f"{place}.json").write_text(json.dumps({"Records": records, "MillisBehindLatest": 0}))

# %%
import subprocess

IMPORT = [sys.executable, "-m", "workbench", "import", str(folder / "sale.trace")]
subprocess.run([*IMPORT, folder / "shards.json", "--source", arn], check=True, capture_output=True)
for place in range(SHARDS):
    of = ["--source", arn, "--partition", f"shardId-{place:012}"]
    subprocess.run([*IMPORT, folder / f"{place}.json", *of], check=True, capture_output=True)

# %%
trace = wb.open(folder / "sale.trace")
trace

# %% [markdown]
# ## The load
#
# How near each shard came to its limit, second by second. A cross is a second in which AWS would have refused records.

# %%
plan = wb.tune.shards(trace, "kinesis:sale", headroom=1.0)
plan

# %%
from workbench import charts

wb.show(charts.shard_load(plan.to_frame()))

# %% [markdown]
# ## The layouts
#
# Left the load over the hash key space, dashed where the shards are cut now, solid where the plan cuts them. Beside it each
# layout as boxes. `uniform` is what UpdateShardCount makes; `planned` cuts where the load is.

# %%
wb.show(charts.shard_layouts(plan.load_by_hash(bins=32), plan.cuts()))

# %% [markdown]
# Two shards are enough, cut elsewhere; even cuts need four. A key lives in one shard, however many there are: one that
# fills a shard by itself would stand in `plan.hot_keys`, with the number of keys to spread it over. Here none does yet. In
# seconds with 1.7 times as much, one would:

# %%
wb.tune.shards(trace, "kinesis:sale", burst=1.7).hot_keys

# %% [markdown]
# ## The way there, and the price
#
# The calls that lead from the current to the planned layout. They are printed; the workbench runs none of them.

# %%
plan.operations

# %%
{name: plan.prices.per_month(name) for name in plan.layouts}

# %% [markdown]
# ## Does it hold?

# %%
over = {name: layout and layout.over_limit_shard_seconds for name, layout in plan.layouts.items()}
assert trace.info()["records"] == 36_000
assert over["current"] > 0
assert over["planned"] == over["uniform"] == 0
assert len(plan.planned.starts) < len(plan.uniform.starts)
