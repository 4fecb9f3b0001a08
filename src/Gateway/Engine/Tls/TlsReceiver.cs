using FastPush.Protocol;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>What <see cref="TlsReceiver.Next"/> found.</summary>
internal enum TlsInput : byte
{
    NeedMore,
    Data,

    /// <summary>The peer asked for a new key of the other direction.</summary>
    KeyUpdateWanted,

    /// <summary>The peer has sent its last byte (close_notify), or the connection's end (another alert).</summary>
    Closed,

    Fault,
}

/// <summary>
/// The way in of the record layer: bytes become content. Holds a buffer only while a record is cut off. One thread at a time.
/// </summary>
internal sealed class TlsReceiver(TrafficKey key)
{
    // Records in a row that bring no data: KeyUpdates and empty records cost us work and the sender next to none.
    private const int IdleRecordsMax = 32;

    // RFC 8446 section 5.5 allows AES-GCM 2^24.5 records with one key. A client is asked for a new one long before.
    private const long RecordsOfKeyMax = 1 << 24;

    private byte[]? _kept;
    private int _keptBytes;
    private int _idleRecords;

    /// <summary>Records that were read with the present key.</summary>
    public long Records => key.Records;

    /// <summary>Puts what was kept of a cut record to the start of <paramref name="buffer"/> and returns its length.</summary>
    public int Restore(Span<byte> buffer)
    {
        var length = _keptBytes;
        if (_kept is not null)
        {
            _kept.AsSpan(0, length).CopyTo(buffer);
            Release();
        }

        return length;
    }

    /// <summary>Keeps the beginning of a record until the rest comes.</summary>
    public void Keep(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            _kept = BytePool.Rent(bytes.Length);
            bytes.CopyTo(_kept);
            _keptBytes = bytes.Length;
        }
    }

    /// <summary>
    /// Takes the next record from <paramref name="bytes"/>, decrypted in its place. <paramref name="data"/> is its content and may be
    /// empty; <paramref name="fault"/> is what the peer is to be told.
    /// </summary>
    public TlsInput Next(ref Span<byte> bytes, out Span<byte> data, out TlsAlert fault)
    {
        data = default;
        switch (TlsRecord.TryRead(bytes, out var bodyBytes, out fault))
        {
            case ParseStatus.Done:
                break;
            case ParseStatus.NeedMore:
                return TlsInput.NeedMore;
            default:
                return TlsInput.Fault;
        }

        var record = bytes[..(TlsRecord.HeaderBytes + bodyBytes)];
        bytes = bytes[record.Length..];
        if (key.Records >= RecordsOfKeyMax || !RecordCipher.OfThread.TryOpen(key, record, out var inner))
        {
            fault = TlsAlert.BadRecordMac;
            return TlsInput.Fault;
        }

        if (!TlsRecord.TryReadInner(inner, out var type, out var contentBytes, out fault))
        {
            return TlsInput.Fault;
        }

        data = inner[..contentBytes];
        _idleRecords = type == TlsContent.ApplicationData && contentBytes > 0 ? 0 : _idleRecords + 1;
        fault = TlsAlert.UnexpectedMessage;
        if (_idleRecords > IdleRecordsMax)
        {
            return TlsInput.Fault;
        }

        return type switch
        {
            TlsContent.ApplicationData => TlsInput.Data,
            TlsContent.Handshake => UpdateKey(ref data, out fault),
            TlsContent.Alert => ReadAlert(ref data, out fault),
            _ => TlsInput.Fault,
        };
    }

    /// <summary>Gives back the buffer.</summary>
    public void Release()
    {
        if (_kept is not null)
        {
            BytePool.Return(_kept);
            _kept = null;
            _keptBytes = 0;
        }
    }

    /// <summary>Gives back the buffer and forgets the key.</summary>
    public void Clear()
    {
        Release();
        key.Clear();
    }

    private TlsInput UpdateKey(ref Span<byte> data, out TlsAlert fault)
    {
        if (!KeyUpdate.TryRead(data, out var isRequest, out fault))
        {
            return TlsInput.Fault;
        }

        data = default;
        key.Update();
        return isRequest ? TlsInput.KeyUpdateWanted : TlsInput.Data;
    }

    // RFC 8446 section 6: every alert but these two is fatal, whatever level it names.
    private static TlsInput ReadAlert(ref Span<byte> data, out TlsAlert fault)
    {
        var alert = data;
        data = default;
        fault = TlsAlert.DecodeError;
        if (alert.Length != 2)
        {
            return TlsInput.Fault;
        }

        return (TlsAlert)alert[1] == TlsAlert.UserCanceled ? TlsInput.Data : TlsInput.Closed;
    }
}
