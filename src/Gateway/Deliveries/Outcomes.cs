using FastPush.Gateway.Cluster;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Telemetry;
using FastPush.Notifications.Deliveries;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Deliveries;

/// <summary>
/// What becomes of messages: the one place that notes outcomes, puts messages into offline queues and takes note of the dead.
/// Safe from any thread and inside any lock: what it locks are leaves, and it never waits.
/// </summary>
internal sealed class Outcomes(
    Clock clock, IOfflineQueue offline, DeliveryLedger ledger, DeadLetters deadLetters, GatewayMetrics metrics, ILogger<Outcomes> log)
{
    private IOfflineQueue _offline = offline;
    private ClusterNode? _cluster;

    /// <summary>A user's message had to leave a full queue.</summary>
    public event Action<Payload>? Lost;

    /// <summary>From here on the queues are the fleet's, and outcomes are told to the server that a message entered by.</summary>
    public void Join(ClusterNode cluster)
    {
        _offline = cluster.Queues;
        _cluster = cluster;
    }

    /// <summary>A message goes out from a backlog at this reading of the monotonic clock; for the counters.</summary>
    public void CountDelivery(Payload payload, long nowTicks)
    {
        metrics.Delivered(1);
        metrics.Latency(payload, 1, clock, nowTicks);
    }

    /// <summary>A user's message was accepted: from here on its outcome can be asked for.</summary>
    public void Accepted(Payload payload) => ledger.Note(payload, DeliveryState.Queued, clock.UnixMs);

    /// <summary>A user's message went out to a client that is to acknowledge it; until it does, the message stays open.</summary>
    public void Sent(Payload payload)
    {
        if (payload.User is null)
        {
            return; // Messages to topics have no outcome, and many receivers.
        }

        payload.WasSent = true;
        if (payload.Settlement == Settlement.Open)
        {
            ledger.Note(payload, DeliveryState.Delivered, clock.UnixMs);
            _cluster?.Noted(payload, DeliveryState.Delivered);
        }
    }

    /// <summary>The bytes of a user's message were all handed to the transport.</summary>
    public void Delivered(Payload payload) => Note(payload, Settlement.Delivered, DeliveryState.Delivered);

    /// <summary>
    /// A client acknowledged it; the first acknowledgement of a message counts. <paramref name="acceptance"/> is told when that can no
    /// longer be lost.
    /// </summary>
    public void Acked(Payload payload, IAcceptance? acceptance = null) =>
        Note(payload, Settlement.Acked, DeliveryState.Acked, acceptance);

    /// <summary>Its time to live ended before it was delivered.</summary>
    public void Expired(Payload payload)
    {
        if (Note(payload, Settlement.Expired, DeliveryState.Expired))
        {
            metrics.Failed(FailureKind.Expired);
        }
    }

    /// <summary>
    /// Every retry went unacknowledged, or its queue was full. No failure if another session of its user acknowledged it.
    /// </summary>
    public void Dead(Payload payload, FailureKind why)
    {
        if (Note(payload, Settlement.Dead, DeliveryState.Dead))
        {
            metrics.Failed(why);
            deadLetters.Add(payload, why, clock.UnixMs);
        }
    }

    /// <summary>A slow subscription's overflow policy let it go; other subscriptions may still have it.</summary>
    public void Dropped(Payload payload)
    {
        payload.IsDropped = true;
        if (payload.User is null)
        {
            metrics.Failed(FailureKind.Overflow); // A user's message has failed only when nobody else delivers it.
        }
    }

    /// <summary>
    /// The last who owed a user's message has given it up, and nobody settled it. It waits in the offline queue, unless every subscription
    /// that had it dropped it: then it is dead. In a cluster it waits in any case, since others may owe it on another node.
    /// </summary>
    /// <returns>True when it waits.</returns>
    public bool Unowed(Payload payload)
    {
        if (payload.IsDropped && _cluster is null)
        {
            Dead(payload, FailureKind.Overflow);
            return false;
        }

        payload.AddRef();
        Queue(payload, attempts: 0);
        return true;
    }

    /// <summary>Puts a user's message into the offline queue. Takes over the caller's reference.</summary>
    public void Queue(Payload payload, byte attempts)
    {
        Add(payload.User!, payload.Queue!, new[] { new OfflineMessage(payload, attempts) });
    }

    /// <summary>
    /// Takes messages that a session could not finish (references and holds): those that nobody else will finish go back into their
    /// queues, where <paramref name="receiver"/> answers for them unless their publisher still does. Returns the queues that got something.
    /// </summary>
    public HashSet<(string User, string Queue)>? Return(List<OfflineMessage> messages, MemoryShare receiver)
    {
        HashSet<(string User, string Queue)>? queues = null;
        foreach (var message in messages)
        {
            var payload = message.Payload;
            payload.IsReturned = true;
            if (payload.User is not null && payload.Unhold())
            {
                (queues ??= []).Add((payload.User, payload.Queue!));
                ledger.Note(payload, DeliveryState.Queued, clock.UnixMs);
                _cluster?.Noted(payload, DeliveryState.Queued);
                payload.Charge(receiver);
                Add(payload.User, payload.Queue!, new[] { message });
            }
            else
            {
                payload.Release();
            }
        }

        return queues;
    }

    private bool Note(Payload payload, Settlement settlement, DeliveryState state, IAcceptance? acceptance = null)
    {
        if (payload.User is null)
        {
            return settlement is Settlement.Expired or Settlement.Dead;
        }

        var fresh = payload.Settle(settlement);
        if (fresh)
        {
            payload.Discharge(); // It waits for nobody any more.
            ledger.Note(payload, state, clock.UnixMs);
        }

        // Who waits for it waits for the store, though another acknowledgement was faster.
        if (fresh || acceptance is not null)
        {
            _cluster?.Noted(payload, state, acceptance);
        }

        return fresh;
    }

    private void Add(string user, string queue, OfflineMessage[] messages)
    {
        foreach (ref var message in messages.AsSpan())
        {
            // Whose hold was the last need not be who sent it.
            message = message.Payload.WasSent ? message with { Attempts = Math.Max(message.Attempts, (byte)1) } : message;
            message.Payload.AcceptedTicks = 0; // How long its user stays away says nothing about the gateway's latency.
        }

        var added = _offline.AddAsync(user, queue, messages);
        if (added.IsCompletedSuccessfully)
        {
            Overflowed(added.Result);
        }
        else
        {
            _ = FinishAsync(added);
        }
    }

    private async Task FinishAsync(ValueTask<IReadOnlyList<OfflineMessage>> adding)
    {
        try
        {
            Overflowed(await adding);
        }
        catch (Exception e)
        {
            // The store keeps what it could not add until it can (its own duty); here it is only said.
            GatewayLog.OfflineQueueFailed(log, e);
        }
    }

    private void Overflowed(IReadOnlyList<OfflineMessage> dropped)
    {
        foreach (var message in dropped)
        {
            Dead(message.Payload, FailureKind.OfflineFull);
            Lost?.Invoke(message.Payload);
            message.Payload.Release();
        }
    }
}
