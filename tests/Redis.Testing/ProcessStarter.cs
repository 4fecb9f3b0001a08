using System.Collections.Concurrent;
using System.Diagnostics;

namespace FastPush.Redis.Testing;

/// <summary>
/// Starts processes that the system kills when this one ends, however it ends. Linux binds that to the thread which started them
/// (prctl(2), PR_SET_PDEATHSIG), so all are started by one thread that never ends.
/// </summary>
internal static class ProcessStarter
{
    private const string Setpriv = "/usr/bin/setpriv";

    private static readonly BlockingCollection<Action> s_work = Begin();

    /// <summary>Runs a program under its own process id: what it is started through replaces itself by it.</summary>
    public static ProcessStartInfo Info(string program, IEnumerable<string> arguments)
    {
        string[] prefix = File.Exists(Setpriv) ? [Setpriv, "--pdeathsig", "KILL", program] : [program];
        return new ProcessStartInfo(prefix[0], prefix.Skip(1).Concat(arguments));
    }

    public static Task StartAsync(Process process)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        s_work.Add(() =>
        {
            try
            {
                process.Start();
                started.SetResult();
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }

    private static BlockingCollection<Action> Begin()
    {
        var work = new BlockingCollection<Action>();
        var thread = new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable())
            {
                action();
            }
        })
        { IsBackground = true, Name = "process starter" };
        thread.Start();
        return work;
    }
}
