using System.Threading.Channels;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Messages to users: each is stored first, then relayed to the servers that hold its queue, then its publisher is answered. They go
/// to the store in batches, one batch at a time, so that their order is kept. What waits is bounded by the memory for messages.
/// </summary>
internal sealed class UserRelay(Node node, ClusterNode cluster, IUserQueues queues)
{
    private const int BatchMax = 256;

    private readonly Channel<Submission> _waiting =
        Channel.CreateUnbounded<Submission>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Submission[] _batch = new Submission[BatchMax];
    private readonly Payload[] _payloads = new Payload[BatchMax];
    private readonly UnstoredMessages _unstored = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Begins to store what is submitted.</summary>
    public void Start() => _running = RunAsync();

    /// <summary>Stores what was submitted, and ends.</summary>
    public async Task StopAsync()
    {
        _waiting.Writer.TryComplete();
        await _running;
        foreach (var (_, payload) in _unstored.Take(long.MaxValue))
        {
            payload.Release();
        }
    }

    /// <summary>Lets go of what was accepted without the store and is settled; the rest is stored as soon as that is back.</summary>
    public void Sweep()
    {
        if (_unstored.Trim())
        {
            cluster.Repair.RequestIfUp();
        }
    }

    /// <summary>
    /// The store is back: what was accepted without it and is not settled by now is stored after all. What is so young that other servers
    /// would deliver it as it comes, behind newer ones, waits a moment more.
    /// </summary>
    public async Task StoreLateAsync()
    {
        foreach (var group in _unstored.Take(queues.OverdueId).Chunk(BatchMax))
        {
            AcceptResult[]? results = null;
            try
            {
                results = await queues.AcceptAsync(Array.ConvertAll(group, message => message.Payload), again: true);
            }
            catch (StoreUnavailableException)
            {
                node.Metrics.Relay.StepPostponed(); // Said by the store. They wait for the next time.
            }

            foreach (var (i, (topic, payload)) in group.Index())
            {
                if (results is null)
                {
                    _unstored.Add(topic, payload);
                }
                else if (payload.Settlement == Settlement.Open)
                {
                    Relay(topic.Key, payload, results[i]);
                }
                else
                {
                    queues.Settle(payload); // Meanwhile, perhaps before it was stored.
                }

                payload.Release();
            }
        }
    }

    /// <summary>Takes over the caller's reference of a message to a user. <paramref name="acceptance"/> expects it already.</summary>
    public void Submit(Topic topic, Payload payload, IAcceptance? acceptance)
    {
        if (!_waiting.Writer.TryWrite(new Submission(topic.Key, payload, acceptance)))
        {
            payload.Release();
            acceptance?.Refused("This node is stopping.");
        }
    }

    private async Task RunAsync()
    {
        var reader = _waiting.Reader;
        while (await reader.WaitToReadAsync())
        {
            var count = 0;
            while (count < BatchMax && reader.TryRead(out var submission))
            {
                _batch[count] = submission;
                _payloads[count++] = submission.Payload;
            }

            await StoreAsync(count);
            Array.Clear(_batch, 0, count);
            Array.Clear(_payloads, 0, count);
        }
    }

    private async Task StoreAsync(int count)
    {
        AcceptResult[]? results = null;
        var why = "";
        try
        {
            results = await queues.AcceptAsync(_payloads.AsMemory(0, count), again: false);
        }
        catch (StoreUnavailableException e)
        {
            why = e.Message;
            results = await TryAgainAsync(count);
        }
        catch (Exception e)
        {
            why = "The gateway failed.";
            ClusterLog.StoreFailed(node.Log, "accepting messages", e);
        }

        try
        {
            for (var i = 0; i < count; i++)
            {
                Settle(ref _batch[i], results is null ? null : results[i]);
            }
        }
        finally
        {
            FanoutBatch.Current.Complete(node);
        }

        for (var i = 0; i < count; i++)
        {
            if (_batch[i].Refused)
            {
                _batch[i].Acceptance?.Refused($"Messages to users cannot be stored now: {why}");
            }
            else
            {
                _batch[i].Acceptance?.Accepted();
            }
        }
    }

    // They may be stored or not. A second try settles that, unless the store is down, which the store says.
    private async Task<AcceptResult[]?> TryAgainAsync(int count)
    {
        try
        {
            return queues.IsUp ? await queues.AcceptAsync(_payloads.AsMemory(0, count), again: true) : null;
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    private void Settle(ref Submission submission, AcceptResult? stored)
    {
        var payload = submission.Payload;
        if (stored is not { } result)
        {
            // Local delivery goes on: this node keeps the message in memory until it is settled or the store is back.
            if (node.Topics.TryGet(submission.Key, out var topic) && topic.Subscribers.Count > 0)
            {
                _unstored.Add(topic, payload);
                Deliver(submission.Key, payload, isStored: false);
                return;
            }

            submission.Refused = true;
            queues.Uncertain(payload);
            node.Metrics.Failed(FailureKind.Refused);
            payload.Release();
            return;
        }

        if (Relay(submission.Key, payload, result))
        {
            Deliver(submission.Key, payload, isStored: true);
        }
        else
        {
            payload.Release();
        }
    }

    // To all other servers that hold the queue. True when this one is among them.
    private bool Relay(byte[] key, Payload payload, AcceptResult stored)
    {
        foreach (var id in stored.Dropped ?? [])
        {
            cluster.Overflowed(payload.User!, id);
        }

        var here = false;
        foreach (var server in stored.Servers)
        {
            here |= server == cluster.ServerId;
            if (server != cluster.ServerId && !cluster.TrySend(server, key, payload))
            {
                queues.Undeliverable(server, payload.User!, payload.Queue!, payload.Id, mayHaveArrived: false);
            }
        }

        return here;
    }

    private void Deliver(ReadOnlySpan<byte> key, Payload payload, bool isStored)
    {
        if (isStored && queues.IsOverdue(payload.User!, payload.Queue!, payload.Id))
        {
            node.Redelivery.Offer(payload.User!, payload.Queue!);
            payload.Release();
        }
        else if (isStored && cluster.Starved.Contains(payload.User!, payload.Queue!))
        {
            cluster.Starved.Add(payload.User!, payload.Queue!, payload.Length);
            queues.Undeliverable(cluster.ServerId, payload.User!, payload.Queue!, payload.Id, mayHaveArrived: false);
            payload.Release();
        }
        else if (queues.Hold(payload, isStored))
        {
            node.Fanout.Deliver(key, payload);
        }
        else
        {
            payload.Release(); // It is here already: a subscription took it from the store meanwhile.
        }
    }

    private record struct Submission(byte[] Key, Payload Payload, IAcceptance? Acceptance)
    {
        public bool Refused { get; set; }
    }
}
