using System.Collections.Concurrent;

namespace FastPush.Simulation;

/// <summary>
/// A second thread, with a batch of its own, for what happens while the first is in the middle of one. The first waits for it.
/// </summary>
internal static class OtherThread
{
    private static readonly BlockingCollection<Task> s_work = Start();

    public static void Run(Action action)
    {
        var task = new Task(action);
        s_work.Add(task);
        task.GetAwaiter().GetResult();
    }

    private static BlockingCollection<Task> Start()
    {
        var work = new BlockingCollection<Task>();
        var thread = new Thread(() =>
        {
            foreach (var task in work.GetConsumingEnumerable())
            {
                task.RunSynchronously();
            }
        })
        {
            Name = "simulation-other",
            IsBackground = true,
        };
        thread.Start();
        return work;
    }
}
