// What one run leaves in the process-wide pools is counted, which runs beside it would change.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
