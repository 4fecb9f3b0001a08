using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace FastPush.Relay.Tests.Links;

/// <summary>Keeps all that the relay tells, and lets a test wait for it.</summary>
internal sealed class Receiver : FastPush.Relay.Links.IRelayReceiver
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<string> Messages { get; } = new();

    public ConcurrentQueue<(int ServerId, string Message)> Undelivered { get; } = new();

    /// <summary>"up", or "down: " and the reason.</summary>
    public ConcurrentQueue<string> States { get; } = new();

    public int Batches { get; private set; }

    /// <summary>The message that this receiver has a fault with.</summary>
    public string? ThrowAt { get; set; }

    public void OnMessage(ReadOnlySpan<byte> message)
    {
        var text = Encoding.UTF8.GetString(message);
        if (text == ThrowAt)
        {
            throw new InvalidOperationException("a fault of the receiver");
        }

        Messages.Enqueue(text);
        Changed();
    }

    public void OnBatchEnd() => Batches++;

    public void OnUp()
    {
        States.Enqueue("up");
        Changed();
    }

    public void OnDown(string reason)
    {
        States.Enqueue($"down: {reason}");
        Changed();
    }

    public void OnUndelivered(int serverId, ReadOnlySpan<byte> message)
    {
        Undelivered.Enqueue((serverId, Encoding.UTF8.GetString(message)));
        Changed();
    }

    /// <summary>Waits for something told that makes <paramref name="condition"/> true.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            // Taken before the look, so that what is told after it is not missed.
            var changed = Volatile.Read(ref _changed).Task;
            if (condition())
            {
                return;
            }

            try
            {
                var left = s_deadline - Stopwatch.GetElapsedTime(began);
                await changed.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }
            catch (TimeoutException)
            {
                Assert.Fail(
                    $"Not seen. States: {string.Join(" | ", States)}; {Messages.Count} messages, {Undelivered.Count} undelivered.");
            }
        }
    }

    private void Changed()
    {
        var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _changed, next).SetResult();
    }
}
