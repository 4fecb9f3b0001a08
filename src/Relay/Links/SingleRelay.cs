using FastPush.Relay.Resp;

namespace FastPush.Relay.Links;

/// <summary>The relay over one Redis server that is no cluster, for the life of one connection.</summary>
internal sealed class SingleRelay(RelayParts parts, RelayConnection connection) : IRelayConnectionOwner
{
    private static readonly byte[] s_hello = RespCommand.Encode("HELLO");

    private int _subscribed;
    private bool _hasComplained;

    public async Task RunAsync(CancellationToken stop)
    {
        parts.Lanes.IsOne = true;
        parts.Lanes.PlaceBy((lane, _) => lane.MoveTo(connection));
        for (var shard = 0; shard < parts.Options.Shards; shard++)
        {
            var channel = RelayLane.ChannelName(parts.Options.ServerId, shard);
            connection.Send(new RelayCommand(RespCommand.Encode("SUBSCRIBE", channel), channel));
        }

        using var ended = new CancellationTokenSource();
        var watching = WatchRoleAsync(ended.Token);
        var (reason, unanswered) = await parts.ServeAsync(connection, this, stop);
        await ended.CancelAsync();
        await watching;
        var waiting = parts.Lanes.PlaceBy((lane, dropped) => lane.Drop(dropped));
        parts.State.Down($"lost {connection.Name}: {reason}");
        parts.GiveBack(unanswered.Concat(waiting));
    }

    public void OnSubscribed(RelayConnection from, string channel)
    {
        if (++_subscribed == parts.Options.Shards)
        {
            parts.State.Up(connection.Name);
        }
    }

    public void OnSubscribeRefused(RelayConnection from, string channel, string error) =>
        connection.Fail($"it refuses the subscription of {channel}: {error}");

    public void OnUnsubscribed(RelayConnection from, string channel) => connection.Fail($"it ended the subscription of {channel}");

    public void OnPublishRefused(RelayConnection from, RelayBatch batch, string error)
    {
        if (!_hasComplained)
        {
            _hasComplained = true;
            LinkLog.PublishRefused(parts.Log, batch.Lane!.Channel, error);
        }

        parts.GiveBack(batch);
    }

    public void OnUndelivered(RelayBatch batch) => parts.GiveBack(batch);

    /// <summary>
    /// A primary that was made a replica keeps its connections, and publishing there no longer reaches those at the new primary.
    /// </summary>
    private async Task WatchRoleAsync(CancellationToken ended)
    {
        try
        {
            while (connection.Failure is null)
            {
                await Task.Delay(parts.Options.CheckPeriod, parts.Clock, ended);
                var hello = new RelayCommand(s_hello);
                connection.Send(hello);
                if (RelayHandshake.ReadHello(await hello.Reply, connection.Name).IsReplica)
                {
                    connection.Fail("it has become a replica");
                }
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or RelayException)
        {
            // The connection has ended, which its reader reports.
            return;
        }
    }
}
