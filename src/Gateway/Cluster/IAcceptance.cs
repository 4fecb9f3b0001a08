namespace FastPush.Gateway.Cluster;

/// <summary>
/// Who waits for messages to be stored. Every message is answered once, from any thread; what was published before is not undone when
/// a later one of the same publish is refused.
/// </summary>
internal interface IAcceptance
{
    /// <summary>One more message is on its way to the store.</summary>
    void Expect();

    /// <summary>One message is stored, or went to all who are there.</summary>
    void Accepted();

    /// <summary>One message could not be stored. <paramref name="why"/> is for people.</summary>
    void Refused(string why);

    /// <summary>The one (null) or the other.</summary>
    void End(string? why)
    {
        if (why is null)
        {
            Accepted();
        }
        else
        {
            Refused(why);
        }
    }
}
