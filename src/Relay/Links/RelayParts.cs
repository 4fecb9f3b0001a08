using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Links;

/// <summary>What all connections of one relay share.</summary>
internal sealed record RelayParts(
    RelayOptions Options,
    GuardedReceiver Receiver,
    TimeProvider Clock,
    ILogger Log,
    RelayLanes Lanes,
    RelayDialer Dialer,
    RelayState State,
    LinkCounters Counters)
{
    public string ClientName => $"fastpush-relay-{Options.ServerId}";

    /// <summary>Reads a connection until it ends or <paramref name="stop"/> is cancelled.</summary>
    /// <returns>Why it ended, and the batches that got no reply.</returns>
    public async Task<(string Reason, RelayBatch[] Unanswered)> ServeAsync(
        RelayConnection connection, IRelayConnectionOwner owner, CancellationToken stop)
    {
        Interlocked.Increment(ref Counters.ConnectionsOpened);
        using var payload = new RelayPayload(Receiver, Counters, Log);
        using var watchdog = new RelayWatchdog(connection, Options, Clock);
        using var stopping = stop.Register(() => connection.Fail("it is not needed any more"));
        var ended = await new RelayInput(connection, owner, payload, Options).RunAsync(connection.Input, watchdog, Receiver);
        // What ended it by our own will explains the error that the reader saw.
        var reason = connection.Failure ?? ended;
        Interlocked.Increment(ref Counters.ConnectionsLost);
        return (reason, await connection.CloseAsync(reason));
    }

    public void GiveBack(IEnumerable<RelayBatch> batches)
    {
        foreach (var batch in batches)
        {
            GiveBack(batch);
        }
    }

    /// <summary>Ends a batch whose messages did not arrive, as far as is known.</summary>
    public void GiveBack(RelayBatch batch)
    {
        var lane = batch.Lane!;
        for (var offset = RelayBatch.HeadBytes; offset < batch.Length;)
        {
            var message = batch.MessageAt(offset);
            Interlocked.Increment(ref Counters.MessagesUndelivered);
            Receiver.OnUndelivered(lane.ServerId, message);
            offset += RelayBatch.LengthBytes + message.Length;
        }

        lane.Settle(batch);
    }
}
