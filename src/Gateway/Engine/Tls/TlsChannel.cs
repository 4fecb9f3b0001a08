using FastPush.Protocol.Buffers;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>
/// The way out of the record layer, and its socket. A record that the socket took a part of is kept, at most one, and its rest goes
/// first. Thread-safe by its own lock, in which nothing else is called. A record has at most <paramref name="recordBytesMax"/> bytes of
/// content, which the handshake may have agreed on (RFC 6066 section 4).
/// </summary>
internal sealed class TlsChannel(
    EventLoop loop,
    int fd,
    ulong key,
    TrafficKey write,
    int recordBytesMax = TlsRecord.ContentBytesMax,
    long recordsOfKey = TlsChannel.RecordsOfKey)
{
    // A key is replaced long before AES-GCM's limit of 2^24.5 records (RFC 8446 section 5.5).
    public const long RecordsOfKey = 1 << 22;

    private const uint Reading = Native.EpollIn | Native.EpollRdHup;
    private const int AlertBytes = 2;

    private readonly Lock _lock = new();
    private byte[]? _pending;
    private int _start;
    private int _end;
    private uint _interest = Reading;
    private bool _isWanted;
    private bool _isEnding;
    private bool _isEndSent;
    private bool _isGone;
    private bool _owesKeyUpdate;
    private bool _asksKeyUpdate;

    /// <summary>Takes content for records: the bytes taken, or -1 when the connection is gone. The link's contract.</summary>
    public int TrySend(ReadOnlySpan<byte> content)
    {
        lock (_lock)
        {
            var taken = 0;
            while (taken < content.Length)
            {
                if (_isGone || _isEnding)
                {
                    return -1;
                }

                if (!Drain())
                {
                    return taken;
                }

                taken += SendContent(content[taken..]);
            }

            return taken;
        }
    }

    /// <summary>Has <see cref="OnWritable"/> say when bytes are taken again.</summary>
    public void WantWritable()
    {
        lock (_lock)
        {
            _isWanted = true;
            SetInterest(_interest | Native.EpollOut);
        }
    }

    /// <summary>The socket takes bytes. True when somebody waits for that and nothing older is left.</summary>
    public bool OnWritable()
    {
        lock (_lock)
        {
            if (_isGone || !Drain())
            {
                return false;
            }

            SetInterest(_interest & ~(uint)Native.EpollOut);
            if (_owesKeyUpdate && !_isEnding)
            {
                SendKeyUpdate();
            }

            var isWanted = _isWanted;
            _isWanted = false;
            if (_isEnding)
            {
                SendEnd();
            }

            return isWanted;
        }
    }

    /// <summary>Begins or stops waiting for input.</summary>
    public void SetReading(bool isReading)
    {
        lock (_lock)
        {
            SetInterest(isReading ? _interest | Reading : _interest & ~Reading);
        }
    }

    /// <summary>
    /// Goes on to a new key, now or with the next record, because the peer asked for it; or, with <paramref name="isRequest"/>, asks the
    /// peer for one. What the peer asked for several times meanwhile is answered once.
    /// </summary>
    public void UpdateKey(bool isRequest)
    {
        lock (_lock)
        {
            _owesKeyUpdate = true;
            _asksKeyUpdate |= isRequest;
            if (!_isGone && !_isEnding && Drain())
            {
                SendKeyUpdate();
            }
        }
    }

    /// <summary>After what was taken: tells the peer that no more comes (close_notify), and TCP too.</summary>
    public void EndSend()
    {
        lock (_lock)
        {
            if (!_isGone && !_isEnding)
            {
                _isEnding = true;
                if (Drain())
                {
                    SendEnd();
                }
            }
        }
    }

    /// <summary>Tells the peer what it did wrong, if that can be told at once. The connection is to be closed then.</summary>
    public void Fail(TlsAlert alert)
    {
        lock (_lock)
        {
            if (!_isGone && !_isEnding && Drain())
            {
                SendAlert(alert);
                _isEnding = _isEndSent = true;
            }
        }
    }

    /// <summary>Ends both directions; the loop sees that and closes.</summary>
    public void Abort()
    {
        lock (_lock)
        {
            if (!_isGone)
            {
                _ = Native.Shutdown(fd, Native.ShutBoth);
            }
        }
    }

    /// <summary>Closes the descriptor, gives back the buffer and forgets the key.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isGone = true;
            FreePending();
            write.Clear();
            _ = Native.Close(fd);
        }
    }

    private void SendEnd()
    {
        if (!_isEndSent)
        {
            _isEndSent = true;
            SendAlert(TlsAlert.CloseNotify);
        }

        if (_pending is null)
        {
            _ = Native.Shutdown(fd, Native.ShutWrite);
        }
    }

    private void SendAlert(TlsAlert alert)
    {
        const byte warning = 1;
        const byte fatal = 2;
        ReadOnlySpan<byte> content = [alert == TlsAlert.CloseNotify ? warning : fatal, (byte)alert];
        var cipher = RecordCipher.OfThread;
        Send(cipher.Wire.AsSpan(0, Seal(cipher, TlsContent.Alert, content[..AlertBytes], cipher.Wire)));
    }

    // Needs that nothing is pending. One send has as many records as the thread's buffer holds: one of full size, or many small ones.
    private int SendContent(ReadOnlySpan<byte> content)
    {
        var cipher = RecordCipher.OfThread;
        var (taken, length) = (0, 0);
        do
        {
            var part = content.Slice(taken, Math.Min(content.Length - taken, recordBytesMax));
            length += Seal(cipher, TlsContent.ApplicationData, part, cipher.Wire.AsSpan(length));
            taken += part.Length;
        }
        while (taken < content.Length && cipher.Wire.Length - length >= recordBytesMax + RecordCipher.OverheadBytesMax);

        Send(cipher.Wire.AsSpan(0, length));
        return taken;
    }

    // A record, behind a KeyUpdate if one is due.
    private int Seal(RecordCipher cipher, TlsContent type, ReadOnlySpan<byte> content, Span<byte> wire)
    {
        var length = _owesKeyUpdate || write.Records >= recordsOfKey ? SealKeyUpdate(cipher, wire) : 0;
        return length + cipher.Seal(write, type, content, wire[length..]);
    }

    private void SendKeyUpdate()
    {
        var cipher = RecordCipher.OfThread;
        Send(cipher.Wire.AsSpan(0, SealKeyUpdate(cipher, cipher.Wire)));
    }

    private int SealKeyUpdate(RecordCipher cipher, Span<byte> wire)
    {
        Span<byte> message = stackalloc byte[KeyUpdate.Bytes];
        KeyUpdate.Write(message, _asksKeyUpdate);
        var length = cipher.Seal(write, TlsContent.Handshake, message, wire);
        write.Update();
        _owesKeyUpdate = _asksKeyUpdate = false;
        return length;
    }

    // What the socket does not take is kept, also on a dead one: its end is reported by the loop.
    private void Send(ReadOnlySpan<byte> wire)
    {
        var sent = Math.Max(Native.Send(fd, wire), 0);
        if (sent < wire.Length)
        {
            _pending = BytePool.Rent(wire.Length - sent);
            wire[sent..].CopyTo(_pending);
            _start = 0;
            _end = wire.Length - sent;
            SetInterest(_interest | Native.EpollOut);
        }
    }

    // True when nothing is pending any more.
    private bool Drain()
    {
        if (_pending is null)
        {
            return true;
        }

        var sent = Native.Send(fd, _pending.AsSpan(_start, _end - _start));
        if (sent < 0 && Native.LastError is not (Native.Eagain or Native.Eintr or Native.Enobufs))
        {
            return false; // The loop is told by EPOLLERR or EPOLLHUP.
        }

        _start += Math.Max(sent, 0);
        if (_start < _end)
        {
            return false;
        }

        FreePending();
        return true;
    }

    private void FreePending()
    {
        if (_pending is not null)
        {
            BytePool.Return(_pending);
            _pending = null;
        }
    }

    private void SetInterest(uint events)
    {
        if (events != _interest && !_isGone)
        {
            _interest = events;
            loop.Modify(fd, events, key);
        }
    }
}
