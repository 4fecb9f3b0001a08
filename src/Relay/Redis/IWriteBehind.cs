namespace FastPush.Relay.Redis;

/// <summary>What is written behind.</summary>
internal interface IWriteBehind<T>
{
    /// <summary>Whose it is: what is of one line is done in order.</summary>
    string LineOf(T write);

    /// <summary>Does one change. <paramref name="isAgain"/>: it failed before, so it comes later than it was asked for.</summary>
    Task ExecuteAsync(T write, bool isAgain);

    /// <summary>It waits for Redis and is done again.</summary>
    bool IsRetried(T write);

    /// <summary>It changes nothing, and a client may ask for any number of it: too many are refused.</summary>
    bool MayBeRefused(T write);

    /// <summary>
    /// Others of a portion of its line must be done before it: if one of them was done but its answer was lost, it is done again, and
    /// behind this one it would mean something else.
    /// </summary>
    bool MustFollow(T write, List<T> portion);

    /// <summary>It is done (null), failed, or was refused.</summary>
    void End(T write, Exception? fault);
}
