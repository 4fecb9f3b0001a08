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

    /// <summary>The peer has sent its last byte (close_notify).</summary>
    Closed,

    /// <summary>The peer has ended the connection by another alert; it is not answered (RFC 8446 section 6.2).</summary>
    Aborted,

    Fault,
}

/// <summary>
/// The way in of the record layer: bytes become content. Holds a buffer only while a record is cut off. One thread at a time. A record
/// has at most <paramref name="contentBytesMax"/> bytes of content, which the handshake may have agreed on (RFC 6066 section 4).
/// </summary>
internal sealed class TlsReceiver(TrafficKey key, int contentBytesMax = TlsRecord.ContentBytesMax)
{
    // Records in a row that bring no data: KeyUpdates and empty records cost us work and the sender next to none.
    private const int IdleRecordsMax = 32;

    // RFC 8446 section 5.5 allows AES-GCM 2^24.5 records with one key. A client is asked for a new one long before.
    private const long RecordsOfKeyMax = 1 << 24;

    private byte[]? _kept;
    private int _keptBytes;
    private int _idleRecords;
    private int _keyUpdateBytes;

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

        if (contentBytes > contentBytesMax)
        {
            fault = TlsAlert.RecordOverflow;
            return TlsInput.Fault;
        }

        data = inner[..contentBytes];
        _idleRecords = type == TlsContent.ApplicationData && contentBytes > 0 ? 0 : _idleRecords + 1;
        fault = TlsAlert.UnexpectedMessage;
        if (_idleRecords > IdleRecordsMax || (_keyUpdateBytes > 0 && type != TlsContent.Handshake))
        {
            return TlsInput.Fault; // RFC 8446 section 5.1: nothing stands between the parts of a handshake message.
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
        var status = KeyUpdate.TryRead(data, ref _keyUpdateBytes, out var isRequest, out fault);
        data = default;
        switch (status)
        {
            case ParseStatus.Done:
                key.Update();
                return isRequest ? TlsInput.KeyUpdateWanted : TlsInput.Data;
            case ParseStatus.NeedMore:
                return TlsInput.Data;
            default:
                return TlsInput.Fault;
        }
    }

    // RFC 8446 section 6: every alert but these two is fatal, whatever level it names. Section 5.1: a record has exactly one.
    private static TlsInput ReadAlert(ref Span<byte> data, out TlsAlert fault)
    {
        var alert = data;
        data = default;
        fault = TlsAlert.UnexpectedMessage;
        if (alert.Length != 2)
        {
            return TlsInput.Fault;
        }

        return (TlsAlert)alert[1] switch
        {
            TlsAlert.CloseNotify => TlsInput.Closed,
            TlsAlert.UserCanceled => TlsInput.Data,
            _ => TlsInput.Aborted,
        };
    }
}
