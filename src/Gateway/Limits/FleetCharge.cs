namespace FastPush.Gateway.Limits;

/// <summary>
/// What a user took here and is yet to be charged to the bucket of all servers. The object is its own lock, a leaf.
/// </summary>
internal sealed class FleetCharge
{
    private bool _isAsked;
    private int _tokens;
    private int _burst;
    private double _perSecond;

    /// <summary>Adds to it. True when nobody has been asked to charge it yet.</summary>
    public bool Add(int tokens, int burst, double perSecond)
    {
        lock (this)
        {
            _tokens += tokens;
            _burst = burst;
            _perSecond = perSecond;
            var isFirst = !_isAsked;
            _isAsked = true;
            return isFirst;
        }
    }

    /// <summary>What is to be charged, with the size and the rate of the bucket; from here on it begins anew.</summary>
    public (int Tokens, int Burst, double PerSecond) Take()
    {
        lock (this)
        {
            var charge = (_tokens, _burst, _perSecond);
            _tokens = 0;
            _isAsked = false;
            return charge;
        }
    }
}
