using FastPush.Gateway.Auth;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Limits;

/// <summary>
/// What all sessions of one user on this node share, memory among it. Of the same class as its share, since that costs nothing for an
/// idle connection.
/// </summary>
internal sealed class User(string id, MemoryAccount account, long shareBytes) : MemoryShare(account, shareBytes)
{
    /// <summary>The bucket of what the user sends; a field, since it changes in place.</summary>
    public TokenBucket Bucket;

    /// <summary>The bucket of commands beside messages, on this node.</summary>
    public TokenBucket Commands;

    private FleetCharge? _charge;

    public string Id { get; } = id;

    /// <summary>Open sessions and requests; under the table's lock.</summary>
    public int Sessions { get; set; }

    /// <summary>Who comes with a token without a rate is a back end: the whole memory is its only bound.</summary>
    public void Obey(Principal principal, long shareBytes) => BytesMax = principal.PerSecond > 0 ? shareBytes : long.MaxValue;

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
