namespace FastPush.Gateway.Limits;

/// <summary>What all sessions of one user on this node share.</summary>
internal sealed class User(string id)
{
    /// <summary>The bucket of what the user sends; a field, since it changes in place.</summary>
    public TokenBucket Bucket;

    private FleetCharge? _charge;

    public string Id { get; } = id;

    /// <summary>Open sessions; under the table's lock.</summary>
    public int Sessions { get; set; }

    /// <summary>Made with the first use: nobody has one where each node counts by itself.</summary>
    public FleetCharge Charge
    {
        get
        {
            if (_charge is null)
            {
                Interlocked.CompareExchange(ref _charge, new FleetCharge(), null);
            }

            return _charge;
        }
    }
}
