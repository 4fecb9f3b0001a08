using FastPush.Gateway.Sessions;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Stomp;

/// <summary>
/// ACK frames of one read that follow each other, for deliveries that follow each other: done together, in one lock, before anything else
/// that the client sent behind them.
/// </summary>
internal struct AckRun
{
    private Subscription? _subscription;
    private long _first;
    private int _count;

    /// <summary>Acknowledges a delivery, now or with the next ones; one of another session is not.</summary>
    public void Add(StompConnection connection, in AckId id)
    {
        var isOwn = id.Session == connection.Node.AckKeyOf(connection.Session);
        if (_count > 0 && isOwn && _subscription!.Number == id.Subscription && id.Sequence == _first + _count)
        {
            _count++;
            return;
        }

        Finish(connection);
        if (isOwn && id.Sequence > 0 && connection.Session.Subscriptions.FindByNumber(id.Subscription) is { } subscription)
        {
            (_subscription, _first, _count) = (subscription, id.Sequence, 1);
        }
        else
        {
            CommandRate.TryTake(connection, default);
        }
    }

    /// <summary>Does what was added.</summary>
    public void Finish(StompConnection connection)
    {
        if (_count > 0)
        {
            var count = _count;
            _count = 0;
            if (Acknowledgements.Ack(connection.Session, _subscription!, _first, count, out var acked))
            {
                connection.FlushAtEnd();
            }

            if (acked < count)
            {
                CommandRate.TryTake(connection, default, count - acked);
            }
        }
    }
}
