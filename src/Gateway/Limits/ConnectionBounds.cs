using FastPush.Gateway.Engine;
using FastPush.Gateway.Options;

namespace FastPush.Gateway.Limits;

/// <summary>How many connections there may be at a time.</summary>
/// <param name="Proven">Connections that have shown a valid token.</param>
/// <param name="Unproven">Connections that have not.</param>
internal readonly record struct ConnectionBounds(int Proven, int Unproven)
{
    /// <summary>
    /// Strangers' places beyond <see cref="Proven"/>: a node that is full of users still answers probes, and tells newcomers that it
    /// is full. As many again are for those that are closing.
    /// </summary>
    public const int Spare = 16;

    /// <summary>With fewer descriptors for clients than this a gateway is of no use, and does not start.</summary>
    public const int DescriptorsLeast = 3 * Spare;

    /// <summary>Connections of both kinds.</summary>
    public int Total => Proven + Spare;

    /// <summary>The bounds in a process that may have <paramref name="descriptors"/> descriptors open.</summary>
    public static ConnectionBounds Of(LimitOptions limits, long descriptors)
    {
        var proven = (int)Math.Clamp(descriptors - limits.ReservedDescriptors - (2 * Spare), 1, limits.Connections);
        var unproven = limits.UnprovenConnections > 0 ? limits.UnprovenConnections : Math.Max(proven / 4, Spare);
        return new ConnectionBounds(proven, Math.Min(unproven, proven + Spare));
    }

    /// <summary>The bounds in this process.</summary>
    public static ConnectionBounds Here(LimitOptions limits) => Of(limits, Descriptors);

    /// <summary>Descriptors this process may have open (RLIMIT_NOFILE); without end where that is not known.</summary>
    public static long Descriptors => EngineTransport.IsSupported ? Native.DescriptorLimit() : long.MaxValue;
}
