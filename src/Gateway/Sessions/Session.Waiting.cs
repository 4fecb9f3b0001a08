namespace FastPush.Gateway.Sessions;

/// <summary>What waits for the client.</summary>
internal sealed partial class Session
{
    /// <summary>For an event stream with several destinations; null for all others.</summary>
    public StreamPosition? Position { get; set; }

    /// <summary>Bytes in the backlogs of all subscriptions that do not spill and do not catch up.</summary>
    public long BacklogBytes { get; set; }

    /// <summary>Bytes that came live for subscriptions that catch up, and wait behind what they missed.</summary>
    public long ReplayBytes { get; set; }

    /// <summary>Something still waits to be sent.</summary>
    public bool HasBacklog
    {
        get
        {
            lock (this)
            {
                return State == SessionState.Open && !Outbox.IsEmpty;
            }
        }
    }

    /// <summary>Until <see cref="Uncork"/> everything collects, so that what several subscriptions missed goes out in one order.</summary>
    public void Cork()
    {
        lock (this)
        {
            Outbox.IsCorked = true;
        }
    }

    public void Uncork()
    {
        lock (this)
        {
            Outbox.IsCorked = false;
        }

        Flush();
    }
}
