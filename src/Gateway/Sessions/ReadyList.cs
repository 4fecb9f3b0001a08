namespace FastPush.Gateway.Sessions;

/// <summary>
/// A session's subscriptions that have something to send, in turn. Linked through the subscriptions, so it costs nothing.
/// </summary>
internal struct ReadyList
{
    private Subscription? _last;

    public Subscription? First { get; private set; }

    /// <summary>Adds a subscription at the end, unless it is in the list.</summary>
    public void Add(Subscription subscription)
    {
        if (subscription.IsReady)
        {
            return;
        }

        if (subscription.Place is { } place)
        {
            subscription.Session.Position!.Touch(place);
        }

        subscription.IsReady = true;
        subscription.NextReady = null;
        if (_last is null)
        {
            First = subscription;
        }
        else
        {
            _last.NextReady = subscription;
        }

        _last = subscription;
    }

    public void RemoveFirst()
    {
        var first = First!;
        First = first.NextReady;
        _last = First is null ? null : _last;
        first.NextReady = null;
        first.IsReady = false;
    }

    public void Clear()
    {
        while (First is not null)
        {
            RemoveFirst();
        }
    }

    /// <summary>
    /// Brings the subscription with the oldest waiting message to the front: a client that resumes by the last id it saw must see ids rise
    /// over all its destinations.
    /// </summary>
    public void PutOldestFirst()
    {
        Subscription? oldest = null;
        Subscription? beforeOldest = null;
        for (Subscription? before = null, at = First; at is not null; before = at, at = at.NextReady)
        {
            if (at.Backlog.Count > 0 && (oldest is null || at.Backlog.Peek().Payload.Id < oldest.Backlog.Peek().Payload.Id))
            {
                (beforeOldest, oldest) = (before, at);
            }
        }

        if (oldest is null || beforeOldest is null)
        {
            return;
        }

        beforeOldest.NextReady = oldest.NextReady;
        _last = ReferenceEquals(_last, oldest) ? beforeOldest : _last;
        oldest.NextReady = First;
        First = oldest;
    }
}
