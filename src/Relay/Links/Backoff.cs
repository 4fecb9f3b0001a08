namespace FastPush.Relay.Links;

/// <summary>
/// Pauses between attempts: doubled each time up to a bound, of which up to half is left out by chance, so that many servers that lost
/// the same Redis do not come back at the same moment.
/// </summary>
internal sealed class Backoff(TimeSpan min, TimeSpan max)
{
    private readonly TimeSpan _min = min;
    private TimeSpan _next = min;

    public TimeSpan Next(Random random)
    {
        var pause = _next;
        _next = _next * 2 < max ? _next * 2 : max;
        return pause * (1 - random.NextDouble() / 2);
    }

    public void Reset() => _next = _min;
}
