"""specs: what a run's files hold is found out, range by range."""

from mlaas4hep.core.runs.events import RangeMeasured, RangePlanned, RunSubmitted, ScoringSubmitted
from mlaas4hep.faas.on_event import on_event
from mlaas4hep.pipeline.scoring import open_scoring
from mlaas4hep.pipeline.specs import measure_range, merge_ranges, open_files

function = on_event(
    "specs",
    {
        RunSubmitted: open_files,
        RangePlanned: measure_range,
        RangeMeasured: merge_ranges,
        ScoringSubmitted: open_scoring,
    },
    warms=["mlaas4hep.adapters.sources.root.files"],
)
