// Each class has a Redis and gateways of its own, and waits most of the time; more than two at once would only compete for the cores.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
