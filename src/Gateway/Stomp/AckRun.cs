using FastPush.Gateway.Sessions;

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

    /// <summary>Acknowledges a delivery of the subscription with that number, now or with the next ones.</summary>
    public void Add(StompConnection connection, int number, long sequence)
    {
        if (_count > 0 && _subscription!.Number == number && sequence == _first + _count)
        {
            _count++;
            return;
        }

        Finish(connection);
        if (sequence > 0 && connection.Session.Subscriptions.FindByNumber(number) is { } subscription)
        {
            (_subscription, _first, _count) = (subscription, sequence, 1);
        }
    }

    /// <summary>Does what was added.</summary>
    public void Finish(StompConnection connection)
    {
        if (_count > 0)
        {
            if (Acknowledgements.Ack(connection.Session, _subscription!, _first, _count))
            {
                connection.FlushAtEnd();
            }

            _count = 0;
        }
    }
}
