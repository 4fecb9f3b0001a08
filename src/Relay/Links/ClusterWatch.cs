using System.Net;

namespace FastPush.Relay.Links;

/// <summary>Reads the cluster's map: when asked, from time to time, and again and again while something is not in its place.</summary>
internal sealed class ClusterWatch(RelayParts parts)
{
    private readonly Backoff _backoff = new(parts.Options.BackoffMin, parts.Options.BackoffMax);
    private TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RelayConnection? _hint;
    private long _last;
    private int _urgentReads;

    /// <summary>The map should be read soon, best by this connection, whose server knows more than others.</summary>
    public void Ask(RelayConnection? hint = null)
    {
        if (hint is not null)
        {
            Volatile.Write(ref _hint, hint);
        }

        Volatile.Read(ref _asked).TrySetResult();
    }

    /// <summary>The first map, by a connection that is not used for anything else and ended here.</summary>
    public async Task<ClusterMap> ReadFirstAsync(RelaySocket seed, CancellationToken stop)
    {
        await using (seed)
        {
            using var timeout = new CancellationTokenSource(parts.Options.Address.ConnectTimeout, parts.Clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
            _last = parts.Clock.GetTimestamp();
            return ClusterMap.Read(await RelayHandshake.CallAsync(seed, ClusterMap.Command, both.Token), seed.EndPoint);
        }
    }

    /// <summary>Waits until it is time, and reads the map.</summary>
    /// <param name="nodes">The nodes that are there at that time.</param>
    /// <param name="isUrgent">Whether to go on without being asked.</param>
    /// <param name="stop">The link stops.</param>
    /// <returns>Null when what is reached is no cluster any more.</returns>
    public async Task<ClusterMap?> NextAsync(Func<ClusterNode[]> nodes, Func<bool> isUrgent, CancellationToken stop)
    {
        while (true)
        {
            await PauseAsync(isUrgent, stop);
            _last = parts.Clock.GetTimestamp();
            Volatile.Write(ref _asked, new(TaskCreationOptions.RunContinuationsAsynchronously));
            var known = nodes();
            var connections = known.Select(node => node.Connection).OfType<RelayConnection>()
                .OrderByDescending(connection => connection == Volatile.Read(ref _hint));
            foreach (var connection in connections)
            {
                if (await TryReadAsync(connection, stop) is { } map)
                {
                    return map;
                }
            }

            try
            {
                var endPoints = parts.Options.Address.EndPoints.Concat(known.Select(node => node.EndPoint));
                var (socket, server) = await parts.Dialer.OpenAnyAsync(endPoints, parts.ClientName, stop);
                if (server.IsCluster)
                {
                    return await ReadFirstAsync(socket, stop);
                }

                await socket.DisposeAsync();
                return null;
            }
            catch (RelayException)
            {
                // Nobody answers; the nodes' own attempts tell why.
                continue;
            }
        }
    }

    private async Task PauseAsync(Func<bool> isUrgent, CancellationToken stop)
    {
        if (isUrgent())
        {
            _urgentReads++;
            if (_urgentReads > 1)
            {
                await Task.Delay(_backoff.Next(Random.Shared), parts.Clock, stop);
                return;
            }
        }
        else
        {
            _urgentReads = 0;
            _backoff.Reset();
            using var period = CancellationTokenSource.CreateLinkedTokenSource(stop);
            await Task.WhenAny(Volatile.Read(ref _asked).Task, Task.Delay(parts.Options.CheckPeriod, parts.Clock, period.Token));
            await period.CancelAsync();
            stop.ThrowIfCancellationRequested();
        }

        // However often it is asked for, the map is not read more often than this.
        var left = parts.Options.BackoffMin - parts.Clock.GetElapsedTime(_last);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, parts.Clock, stop);
        }
    }

    private async Task<ClusterMap?> TryReadAsync(RelayConnection connection, CancellationToken stop)
    {
        var command = new RelayCommand(ClusterMap.Command);
        connection.Send(command);
        try
        {
            var frame = await command.Reply.WaitAsync(parts.Options.Address.ConnectTimeout, parts.Clock, stop);
            return ClusterMap.Read(frame, connection.EndPoint);
        }
        catch (Exception fault) when (fault is RelayException or TimeoutException)
        {
            // Another node may know.
            return null;
        }
    }
}
