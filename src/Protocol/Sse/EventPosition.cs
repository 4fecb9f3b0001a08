using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace FastPush.Protocol.Sse;

/// <summary>
/// Where a reader of a stream stands, as it names it in <c>Last-Event-ID</c>: for one destination the id of a message; for several that id,
/// a dot and base64url of a place in each destination (<see cref="EventPositionWriter"/>). Nothing of it is kept by a server.
/// </summary>
public sealed class EventPosition
{
    private readonly long _id;
    private readonly long _base;
    private readonly bool _isComplete;
    private readonly (uint Destination, long LastId)[]? _places;

    private EventPosition(long id, long baseId, bool isComplete, (uint, long)[]? places)
    {
        _id = id;
        _base = baseId;
        _isComplete = isComplete;
        _places = places;
    }

    /// <summary>Reads one.</summary>
    /// <param name="text">The header's or the query's value.</param>
    /// <param name="position">The position; null when this is none.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out EventPosition? position)
    {
        ArgumentNullException.ThrowIfNull(text);
        position = null;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (!long.TryParse(dot < 0 ? text : text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        if (dot < 0)
        {
            position = new EventPosition(id, id, isComplete: false, places: null);
            return true;
        }

        var bytes = new byte[text.Length];
        return Base64Url.IsValid(text.AsSpan(dot + 1))
            && Base64Url.TryDecodeFromChars(text.AsSpan(dot + 1), bytes, out var length)
            && TryParse(id, bytes.AsSpan(0, length), out position);
    }

    /// <summary>
    /// The last message that was seen of a destination; null when it is new to the stream, and begins live.
    /// <paramref name="isAlone"/>: no other destination of this stream has this hash.
    /// </summary>
    public long? LastIdOf(uint destination, bool isAlone)
    {
        if (_places is null)
        {
            return _id;
        }

        long? last = null;
        foreach (var place in _places)
        {
            if (place.Destination == destination)
            {
                last = Math.Min(place.LastId, last ?? long.MaxValue);
            }
        }

        // Of two that look alike it cannot be told whose place this is: better twice than never.
        return last is null
            ? (_isComplete ? null : _base)
            : isAlone ? last : Math.Min(last.Value, _base);
    }

    /// <summary>What stands for a destination in a position: FNV-1a, 32 bits, of its key.</summary>
    public static uint Hash(ReadOnlySpan<byte> key)
    {
        var hash = 2_166_136_261;
        foreach (var octet in key)
        {
            hash = unchecked((hash ^ octet) * 16_777_619);
        }

        return hash;
    }

    private static bool TryParse(long id, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out EventPosition? position)
    {
        position = null;
        if (bytes.IsEmpty || (bytes[0] & ~EventPositionWriter.CompleteFlag) != EventPositionWriter.Version)
        {
            return false;
        }

        var isComplete = (bytes[0] & EventPositionWriter.CompleteFlag) != 0;
        bytes = bytes[1..];
        if (!EventPositionWriter.TryReadNumber(ref bytes, out var behind))
        {
            return false;
        }

        var places = new List<(uint, long)>();
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < sizeof(uint) || places.Count == EventPositionWriter.PlacesMax)
            {
                return false;
            }

            var destination = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            bytes = bytes[sizeof(uint)..];
            if (!EventPositionWriter.TryReadNumber(ref bytes, out var delta))
            {
                return false;
            }

            places.Add((destination, Math.Max(0, unchecked(id - delta))));
        }

        position = new EventPosition(id, Math.Max(0, unchecked(id - behind)), isComplete, [.. places]);
        return true;
    }
}
