# SPDX-License-Identifier: GPL-2.0-only
"""What TLD-METRICS prints, read by the reference parser of OpenMetrics."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families


class Metrics:
    """`text`: the whole of it; a ValueError when it is no OpenMetrics."""

    def __init__(self, text):
        self.families = {}
        for family in text_string_to_metric_families(text):
            assert family.name not in self.families, f"{family.name} is there twice"
            self.families[family.name] = family

    def samples(self, name, **labels):
        """All samples of this name that have these labels, others too."""
        return [s for family in self.families.values() for s in family.samples
                if s.name == name and labels.items() <= s.labels.items()]

    def value(self, name, **labels):
        found = self.samples(name, **labels)
        assert len(found) == 1, f"{name} {labels}: {found}"
        return found[0].value

    def sample_names(self):
        """Every name that a query can use, also of families without samples now."""
        suffixes = {"counter": ["_total"], "info": ["_info"],
                    "histogram": ["_bucket", "_count", "_sum"]}
        return {family.name + suffix for family in self.families.values()
                for suffix in suffixes.get(family.type, [""])}


def metrics_of(deployment):
    return Metrics(deployment.control("TLD-METRICS"))
