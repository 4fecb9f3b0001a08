using System.Net;

namespace FastPush.Relay.Links;

/// <summary>One primary of a cluster: keeps a connection to it until it is stopped.</summary>
internal sealed class ClusterNode(RelayParts parts, EndPoint endPoint, ClusterRelay cluster, CancellationToken stop)
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
    private Task _run = Task.CompletedTask;
    private volatile RelayConnection? _connection;
    private volatile string? _fault;

    public EndPoint EndPoint { get; } = endPoint;

    public RelayConnection? Connection => _connection;

    /// <summary>Why there is no connection; null while there is one, and during the first attempt.</summary>
    public string? Fault => _fault;

    /// <summary>The last map did not name it; it ends with the next that does not either, so that its last replies can come.</summary>
    public bool IsRetired { get; set; }

    public void Start() => _run = RunAsync();

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        var backoff = new Backoff(parts.Options.BackoffMin, parts.Options.BackoffMax);
        try
        {
            while (true)
            {
                var began = parts.Clock.GetTimestamp();
                try
                {
                    await ConnectAsync();
                }
                catch (RelayException fault)
                {
                    _fault = fault.Message;
                    cluster.OnUnreachable(this);
                }

                _stop.Token.ThrowIfCancellationRequested();
                if (parts.Clock.GetElapsedTime(began) >= parts.Options.BackoffMax)
                {
                    backoff.Reset();
                }

                await Task.Delay(backoff.Next(Random.Shared), parts.Clock, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The orderly end.
            return;
        }
    }

    private async Task ConnectAsync()
    {
        var (socket, server) = await parts.Dialer.OpenAsync(EndPoint, parts.ClientName, _stop.Token);
        if (!server.IsCluster)
        {
            await socket.DisposeAsync();
            throw new RelayException($"{socket.Name} is no node of a cluster any more");
        }

        var connection = new RelayConnection(socket, server, parts.Counters);
        var serving = parts.ServeAsync(connection, cluster, _stop.Token);
        _fault = null;
        _connection = connection;
        cluster.OnConnected();
        var (reason, unanswered) = await serving;
        _fault = $"lost {connection.Name}: {reason}";
        _connection = null;
        cluster.OnLost(this, connection, unanswered);
    }
}
