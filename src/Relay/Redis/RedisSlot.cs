namespace FastPush.Relay.Redis;

/// <summary>Slots of Redis Cluster (redis.io, "Redis cluster specification", key distribution model).</summary>
internal static class RedisSlot
{
    public const int Count = 16384;

    // CRC16/XMODEM: polynomial 0x1021, begins with 0, not reflected.
    private const int Polynomial = 0x1021;

    /// <summary>The slot of a name without braces: CRC16 of all its bytes, modulo 16384.</summary>
    public static int Of(ReadOnlySpan<byte> name)
    {
        var crc = 0;
        foreach (var value in name)
        {
            crc ^= value << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ Polynomial : crc << 1;
            }
        }

        return (crc & 0xFFFF) % Count;
    }
}
