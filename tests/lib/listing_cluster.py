"""listing_cluster.py - a cluster whose brokers each tell groups, transactions and producers of their own.

    kafka = ListingCluster(scene, 3, {"t": 3})    # broker 2 has group-2, which it coordinates, and transaction-2
    kafka.asked                                   # how often each broker was asked for its groups

Who asks each broker and adds up must find every one once.
"""
import collections

from group_cluster import GroupCluster


class ListingCluster(GroupCluster):
    VERSIONS = {**GroupCluster.VERSIONS, "ListGroups": (0, 4), "ListTransactions": (0, 1), "DescribeProducers": (0, 0)}

    def __init__(self, scene, brokers, topics, **options):
        self.asked = collections.Counter()
        super().__init__(scene, brokers, topics, **options)
        self.coordinators.update({f"group-{n}": n for n in self.hosts})

    def _listgroups(self, number, _values):
        self.asked[number] += 1
        return {"groups": [{"group_id": f"group-{number}"}]}

    def _listtransactions(self, number, _values):
        return {"transaction_states": [{"transactional_id": f"transaction-{number}", "producer_id": number,
                                        "transaction_state": "Ongoing"}]}

    def _describeproducers(self, number, values):
        return {"topics": [{"name": t["name"], "partitions": [
            {"partition_index": p, "active_producers": [{"producer_id": number}]} for p in t["partition_indexes"]]}
            for t in values["topics"]]}
