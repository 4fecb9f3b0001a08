using System.Globalization;
using System.Text;
using FastPush.Protocol;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Envelope;
using FastPush.Relay.Links;
using FastPush.Relay.Offline;

namespace FastPush.Relay.Users;

/// <summary>
/// A message as it stands in Redis: id (20 digits), attempts (3), length of the queue's name in bytes (3), the name, the relay envelope.
/// </summary>
internal static class UserEntry
{
    private const int HeadBytes = 26;

    /// <summary>An id as scripts compare it.</summary>
    public static string Id(long id) => id.ToString("D20", CultureInfo.InvariantCulture);

    /// <summary>Attempts as they stand in an entry.</summary>
    public static string Attempts(byte attempts) => attempts.ToString("D3", CultureInfo.InvariantCulture);

    /// <summary>The destination under which the user's queue stands in an envelope.</summary>
    public static byte[] Key(string user, string queue) => Encoding.UTF8.GetBytes($"/user/{user}/queue/{queue}");

    public static byte[] Write(Payload message, byte attempts, int serverId)
    {
        var queue = Encoding.UTF8.GetBytes(message.Queue!);
        var bytes = new byte[HeadBytes + queue.Length + PayloadEnvelope.SizeMax(message)];
        Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{message.Id:D20}{attempts:D3}{queue.Length:D3}"), bytes);
        queue.CopyTo(bytes, HeadBytes);
        var at = HeadBytes + queue.Length;
        at += PayloadEnvelope.Write(bytes.AsSpan(at), serverId, Key(message.User!, message.Queue!), message);
        return bytes[..at];
    }

    /// <summary>False when the entry is none, or (with <paramref name="isFull"/>) when the memory for messages is full.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> entry, string user, string queue, PayloadPool pool, out OfflineMessage message, out bool isFull)
    {
        message = default;
        isFull = false;
        if (entry.Length < HeadBytes
            || !byte.TryParse(entry[20..23], NumberStyles.None, CultureInfo.InvariantCulture, out var attempts)
            || !int.TryParse(entry[23..26], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || entry.Length < HeadBytes + length
            || RelayEnvelope.TryRead(entry[(HeadBytes + length)..], out var envelope, out _) != ParseStatus.Done)
        {
            return false;
        }

        if (PayloadEnvelope.Rent(pool, envelope, user, queue) is not { } payload)
        {
            isFull = true;
            return false;
        }

        message = new OfflineMessage(payload, attempts);
        return true;
    }

    /// <summary>The queue that an entry is for.</summary>
    public static ReadOnlySpan<byte> Queue(ReadOnlySpan<byte> entry) =>
        entry.Length >= HeadBytes && int.TryParse(entry[23..26], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && entry.Length >= HeadBytes + length
            ? entry.Slice(HeadBytes, length)
            : default;

    /// <summary>The id that an entry or a script's answer begins with; 0 when it is none.</summary>
    public static long ReadId(ReadOnlySpan<byte> entry) =>
        entry.Length >= 20 && long.TryParse(entry[..20], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;
}
