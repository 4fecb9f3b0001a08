namespace FastPush.Gateway.Limits;

/// <summary>What all sessions of one user on this node share.</summary>
internal sealed class User(string id)
{
    /// <summary>The bucket of what the user sends; a field, since it changes in place.</summary>
    public TokenBucket Bucket;

    public string Id { get; } = id;

    /// <summary>Open sessions; under the table's lock.</summary>
    public int Sessions { get; set; }
}
