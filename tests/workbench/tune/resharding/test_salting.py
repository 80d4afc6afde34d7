"""A salted load is the same load under other keys."""

from tests.workbench.tune.resharding.loads import load_of, md5
from workbench.tune.resharding.salting import salted


def test_every_record_is_there_and_each_salt_has_its_share():
    load = load_of([("hot", number, 10) for number in range(100)] + [("cold", 5, 10)])
    spread = salted(load, {"hot": 4})
    counts = {
        key: int((spread.place == place).sum()) for place, key in enumerate(spread.partition_keys)
    }
    assert counts == {"hot#0": 25, "hot#1": 25, "hot#2": 25, "hot#3": 25, "cold": 1}
    assert [md5(key) for key in spread.partition_keys] == list(spread.hash_keys)
    assert int(spread.bytes.sum()) == 101 * 10 + 100 * 2
