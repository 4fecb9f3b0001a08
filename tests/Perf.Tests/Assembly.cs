// What is measured of one run's processor time, another beside it would change.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
