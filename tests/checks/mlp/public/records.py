"""The records that a student's fit returns."""

from functools import partial

from ...shared.public import records

assert_records = partial(
    records.assert_records, fit="fit", cause="one record per epoch, no more and no fewer", none="None"
)
