namespace FastPush.Protocol.Envelope;

/// <summary>
/// A message on its way between two nodes: one MessagePack array of fixed order, <c>[1, origin, id, destination, timestamp,
/// expires, flags, user, headers, body]</c>. Later writers may append fields, which readers skip; a change of the ten
/// needs a new version, which readers refuse.
/// </summary>
public readonly ref struct RelayEnvelope
{
    /// <summary>First value of the array.</summary>
    public const int Version = 1;

    private const int Fields = 10;

    /// <summary>Id of the server that the message entered by (0 to 1023).</summary>
    public int OriginServerId { get; init; }

    /// <summary>Snowflake id.</summary>
    public long MessageId { get; init; }

    /// <summary>Destination as receivers see it, UTF-8, unescaped.</summary>
    public ReadOnlySpan<byte> Destination { get; init; }

    /// <summary>When the message was accepted, Unix time in ms.</summary>
    public long TimestampMs { get; init; }

    /// <summary>When it must not be delivered any more, Unix time in ms; 0 = never.</summary>
    public long ExpiresAtMs { get; init; }

    /// <summary>Flags.</summary>
    public RelayFlags Flags { get; init; }

    /// <summary>Id of the user it is for, UTF-8; empty for a topic.</summary>
    public ReadOnlySpan<byte> User { get; init; }

    /// <summary>Header lines that travel on, in STOMP 1.2's escaped form, each ended by LF.</summary>
    public ReadOnlySpan<byte> HeaderLines { get; init; }

    /// <summary>The body.</summary>
    public ReadOnlySpan<byte> Body { get; init; }

    /// <summary>Enough bytes for <see cref="Write"/>.</summary>
    public int Size =>
        MsgPackWriter.CountHeadBytesMax + (6 * MsgPackWriter.IntBytesMax) + (4 * MsgPackWriter.DataHeadBytesMax)
        + Destination.Length + User.Length + HeaderLines.Length + Body.Length;

    /// <summary>Reads an envelope; its spans are slices of the buffer.</summary>
    /// <param name="buffer">Bytes from the envelope's first on; more may follow it.</param>
    /// <param name="envelope">The envelope, on Done only.</param>
    /// <param name="consumed">Size of the envelope, on Done only.</param>
    /// <returns>Malformed also for another version, fewer fields, and a server id or flags that are no non-negative int.</returns>
    public static ParseStatus TryRead(ReadOnlySpan<byte> buffer, out RelayEnvelope envelope, out int consumed)
    {
        envelope = default;
        consumed = 0;
        var reader = new MsgPackReader(buffer);
        ParseStatus status = ReadHead(ref reader, out int fields);
        int origin = 0, flags = 0;
        long messageId = 0, timestampMs = 0, expiresAtMs = 0;
        ReadOnlySpan<byte> destination = default, user = default, headerLines = default, body = default;

        // Each assignment is reached only while the status is Done, so the first other status is the answer.
        bool done = status == ParseStatus.Done
            && (status = ReadCount(ref reader, out origin)) == ParseStatus.Done
            && (status = reader.ReadInt(out messageId)) == ParseStatus.Done
            && (status = reader.ReadStr(out destination)) == ParseStatus.Done
            && (status = reader.ReadInt(out timestampMs)) == ParseStatus.Done
            && (status = reader.ReadInt(out expiresAtMs)) == ParseStatus.Done
            && (status = ReadCount(ref reader, out flags)) == ParseStatus.Done
            && (status = reader.ReadStr(out user)) == ParseStatus.Done
            && (status = reader.ReadBin(out headerLines)) == ParseStatus.Done
            && (status = reader.ReadBin(out body)) == ParseStatus.Done;
        for (int i = Fields; done && i < fields; i++)
        {
            status = reader.Skip();
            done = status == ParseStatus.Done;
        }

        if (done)
        {
            consumed = reader.Position;
            envelope = new RelayEnvelope
            {
                OriginServerId = origin,
                MessageId = messageId,
                Destination = destination,
                TimestampMs = timestampMs,
                ExpiresAtMs = expiresAtMs,
                Flags = (RelayFlags)flags,
                User = user,
                HeaderLines = headerLines,
                Body = body,
            };
        }

        return status;
    }

    /// <summary>Writes the envelope.</summary>
    /// <param name="destination">At least <see cref="Size"/> long.</param>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> destination)
    {
        var writer = new MsgPackWriter(destination);
        writer.WriteArrayHeader(Fields);
        writer.WriteInt(Version);
        writer.WriteInt(OriginServerId);
        writer.WriteInt(MessageId);
        writer.WriteStr(Destination);
        writer.WriteInt(TimestampMs);
        writer.WriteInt(ExpiresAtMs);
        writer.WriteInt((int)Flags);
        writer.WriteStr(User);
        writer.WriteBin(HeaderLines);
        writer.WriteBin(Body);
        return writer.Written;
    }

    private static ParseStatus ReadHead(ref MsgPackReader reader, out int fields)
    {
        ParseStatus status = reader.ReadArrayHeader(out fields);
        if (status != ParseStatus.Done)
        {
            return status;
        }

        if (fields < Fields)
        {
            return ParseStatus.Malformed;
        }

        status = reader.ReadInt(out long version);
        return status == ParseStatus.Done && version != Version ? ParseStatus.Malformed : status;
    }

    private static ParseStatus ReadCount(ref MsgPackReader reader, out int value)
    {
        ParseStatus status = reader.ReadInt(out long wide);
        bool fits = wide is >= 0 and <= int.MaxValue;
        value = fits ? (int)wide : 0;
        return status == ParseStatus.Done && !fits ? ParseStatus.Malformed : status;
    }
}
