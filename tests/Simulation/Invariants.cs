using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Sessions;

namespace FastPush.Simulation;

/// <summary>What holds after every step, seen from inside the gateway.</summary>
internal sealed class Invariants(World world)
{
    // Bytes of a frame around the payload: WebSocket header, subscription, ack and redelivered lines.
    private const int FrameExtra = 128;

    public void Check()
    {
        var node = world.Node;
        if (node.Memory.TakenBytes < 0 || node.Users.Bytes < 0 || node.Histories.Share.Bytes < 0 || node.Strangers.Share.Bytes < 0)
        {
            world.Fail($"bytes were given back twice: {node.Memory.TakenBytes} taken, users {node.Users.Bytes}, "
                + $"history {node.Histories.Share.Bytes}, strangers {node.Strangers.Share.Bytes}");
        }

        foreach (var connection in world.Connections)
        {
            if (connection.IsFinished && connection.Session.State != SessionState.Closed)
            {
                world.Fail($"{connection} is over and its session is {connection.Session.State}");
            }

            CountEnd(connection);
            if (connection.IsOpen)
            {
                Open(connection);
            }
        }

        if (world.Offline.Calls == 0)
        {
            world.Model.Destinations.ForEach(Waiting);
        }
    }

    private void CountEnd(SimConnection connection)
    {
        if (connection.IsOpen || connection.EndCounted)
        {
            return;
        }

        connection.EndCounted = true;
        world.Journal.Note($"{connection} closed: {connection.Session.Reason}");
        foreach (var subscription in connection.Subscriptions.Values)
        {
            subscription.Destination.EndedSubscriptions++;
        }

        var mayBeSlow = connection.Link.WasSlow
            || connection.IsLeft
            || world.HasShares
            || connection.Subscriptions.Values.Any(s => !s.IsAuto || (world.HasSlowQueue && s.Destination.User is not null));
        if (connection.Session.Reason is CloseReason.Internal or CloseReason.Unauthorized or CloseReason.Forbidden or CloseReason.RateLimit
            || (connection.Session.Reason == CloseReason.SlowConsumer && !mayBeSlow)
            || (connection.Session.Reason == CloseReason.PeerGone && !connection.Link.IsGone))
        {
            world.Fail($"{connection} was closed for {connection.Session.Reason}");
        }
    }

    private void Open(SimConnection connection)
    {
        var session = connection.Session;
        var backlog = 0L;
        var bounded = 0L;
        var replayed = 0L;
        foreach (var subscription in session.Subscriptions.Items)
        {
            replayed += subscription.Replay?.LiveBytes ?? 0;
            var counts = subscription is { Replay: null, Overflow: not OverflowPolicy.Spill };
            backlog += counts ? subscription.Backlog.Bytes : 0;
            bounded += counts && subscription.Overflow != OverflowPolicy.Conflate ? subscription.Backlog.Bytes : 0;
            var window = subscription.Window;
            if (window is not null && (window.Count < 0 || window.Repeats < 0 || window.Repeats > window.Count))
            {
                world.Fail($"{connection}: a window of {window.Count} with {window.Repeats} repeats");
            }

            var sendable = (subscription.Backlog.Count > 0 && window is not { HasRoom: false } && !subscription.CatchingUp)
                || window is { Repeats: > 0 };
            if (sendable && !session.Outbox.IsBlocked && !session.Outbox.IsDead)
            {
                world.Fail($"{connection}: something waits though it could be sent");
            }
        }

        if (backlog != session.BacklogBytes || (!session.Outbox.IsBlocked && !session.Outbox.IsDead && session.Outbox.WireBytes != 0))
        {
            world.Fail($"{connection}: {session.BacklogBytes} bytes are counted, {backlog} wait, wire {session.Outbox.WireBytes}");
        }

        if (replayed != session.ReplayBytes || replayed > world.Node.Options.Offline.Bytes)
        {
            world.Fail($"{connection}: {session.ReplayBytes} bytes behind replays are counted, {replayed} wait");
        }

        if (session.Outbox.IsBlocked != connection.Link.IsWaiting)
        {
            world.Fail($"{connection}: the outbox and its link do not agree on who waits");
        }

        Bounds(connection, bounded);
        Prefetch(connection);
        HeartBeats(connection);
    }

    // The outbox, plus what one send encodes at once, plus what frames add to the payloads that are counted. What was there before the
    // connection came (history, offline queue) is bounded by those; it may stand above, but nothing may be added to it. A conflating
    // subscription keeps one message, however large.
    private void Bounds(SimConnection connection, long backlog)
    {
        var limit = world.Node.Options.Limits.OutboxBytes;
        var wire = connection.Session.Outbox.WireBytes;
        var wireLimit = (long)limit * 2 + Scratch.ChunkBytes / 2 + World.MessageBytesMax + FrameExtra;
        if (wire > wireLimit)
        {
            world.Fail($"{connection}: {wire} encoded bytes wait, more than {wireLimit}");
        }

        var mayGrow = connection.HasResumed || world.Offline.Given.Contains(connection.Client.User);
        connection.HasResumed = false;
        if (backlog > limit + World.MessageBytesMax && backlog > connection.LastBacklog && !mayGrow)
        {
            world.Fail($"{connection}: the backlog grew to {backlog} bytes");
        }

        connection.LastBacklog = backlog;
    }

    private void Prefetch(SimConnection connection)
    {
        foreach (var subscription in connection.Session.Subscriptions.Items)
        {
            if (subscription.Window is { } window)
            {
                var id = System.Text.Encoding.UTF8.GetString(SubscriptionHeads.IdOf(subscription.Head));
                if (window.Count > connection.Subscriptions[id].Prefetch)
                {
                    world.Fail($"{connection} {id} has {window.Count} unacknowledged");
                }
            }
        }
    }

    private void HeartBeats(SimConnection connection)
    {
        var session = connection.Session;
        if (session.State != SessionState.Open || connection.BeatsEveryMs == 0)
        {
            return;
        }

        var nowMs = world.Node.Clock.NowMs;
        var options = world.Node.Options.HeartBeat;
        var every = Math.Max(options.SendMs, connection.BeatsEveryMs);
        if (!connection.Link.IsWaiting && !connection.Link.IsGone && nowMs - connection.Link.LastTakenMs > every)
        {
            world.Fail($"{connection} heard nothing for {nowMs - connection.Link.LastTakenMs} ms");
        }

        var silence = 2 * Math.Max(options.WantMs, connection.BeatsEveryMs) + Ticker.PeriodMs;
        if (nowMs - connection.LastInputMs > silence)
        {
            world.Fail($"{connection} was silent for {nowMs - connection.LastInputMs} ms and is still open");
        }
    }

    // With a live subscription that keeps its messages nothing waits offline.
    private void Waiting(Destination destination)
    {
        if (destination.User is null
            || world.Offline.Waiting(destination.User, destination.Queue!) == 0
            || !world.Node.Topics.TryGet(destination.KeyBytes, out var topic))
        {
            return;
        }

        foreach (var subscription in topic.Subscribers.Snapshot())
        {
            if (subscription is { Ended: false, Keeps: true, Session.State: SessionState.Open })
            {
                var connection = world.Connections.Find(c => c.Session == subscription.Session);
                world.Fail(
                    $"messages wait offline for {destination} though {connection} is subscribed (catching up {subscription.CatchingUp})");
            }
        }
    }
}
