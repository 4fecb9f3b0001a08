using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>What a handshake waits for.</summary>
internal enum HandshakeState : byte
{
    WantsRead,
    WantsWrite,
    Done,
    Failed,
}

/// <summary>
/// One handshake by OpenSSL. It reads from the socket no byte beyond the client's last message, so what comes then is for the record
/// layer here, which goes on with the two traffic secrets. Used by one thread at a time; <see cref="Dispose"/> forgets the secrets.
/// </summary>
internal sealed class TlsHandshake(TlsContext context, int fd) : IDisposable
{
    // OpenSSL calls back during SSL_accept, on the same thread.
    [ThreadStatic]
    private static TlsHandshake? t_current;

    private readonly byte[] _secrets = new byte[2 * TlsSuites.HashBytesMax];
    private nint _ssl = context.NewHandshake(fd);
    private int _clientBytes;
    private int _serverBytes;

    /// <summary>The signature is made: what is still to do costs microseconds.</summary>
    public bool HasSigned => _serverBytes > 0;

    /// <summary>
    /// Content of a record in either direction, at most, after <see cref="HandshakeState.Done"/>: OpenSSL agrees to what a client asks
    /// for by max_fragment_length (RFC 6066 section 4). It does not know record_size_limit (RFC 8449), so nobody is promised that.
    /// </summary>
    public int RecordBytesMax
    {
        get
        {
            const int first = 9; // 1 stands for 2^9, 4 for 2^12.
            var agreed = OpenSsl.MaxFragmentOf(OpenSsl.SessionOf(_ssl));
            return agreed == 0 ? TlsRecord.ContentBytesMax : 1 << (first - 1 + agreed);
        }
    }

    /// <summary>Goes as far as it can without waiting. A fault is told to the client by OpenSSL.</summary>
    public HandshakeState Step()
    {
        OpenSsl.ClearErrors();
        t_current = this;
        var result = OpenSsl.Accept(_ssl);
        t_current = null;
        if (result == 1)
        {
            return _clientBytes > 0 && HasSigned ? HandshakeState.Done : HandshakeState.Failed;
        }

        switch (OpenSsl.GetError(_ssl, result))
        {
            case OpenSsl.ErrorWantRead:
                return HandshakeState.WantsRead;
            case OpenSsl.ErrorWantWrite:
                return HandshakeState.WantsWrite;
            default:
                OpenSsl.ClearErrors();
                return HandshakeState.Failed;
        }
    }

    /// <summary>The keys of both directions, after <see cref="HandshakeState.Done"/>.</summary>
    public bool TryMakeKeys([NotNullWhen(true)] out TrafficKey? read, [NotNullWhen(true)] out TrafficKey? write)
    {
        read = write = null;
        var number = OpenSsl.SuiteOf(OpenSsl.CurrentCipher(_ssl));
        var bytes = TlsSuites.HashBytes((TlsSuite)number);
        if (!TlsSuites.IsKnown(number) || _clientBytes != bytes || _serverBytes != bytes)
        {
            return false;
        }

        read = new TrafficKey((TlsSuite)number, _secrets.AsSpan(0, bytes));
        write = new TrafficKey((TlsSuite)number, _secrets.AsSpan(TlsSuites.HashBytesMax, bytes));
        return true;
    }

    /// <summary>A line of the key log: label, client random and secret, the latter two in hexadecimal.</summary>
    public static void TakeSecret(ReadOnlySpan<byte> line)
    {
        var secret = line[(line.LastIndexOf((byte)' ') + 1)..];
        if (t_current is not { } handshake || secret.Length > 2 * TlsSuites.HashBytesMax)
        {
            return;
        }

        if (line.StartsWith("CLIENT_TRAFFIC_SECRET_0 "u8))
        {
            Convert.FromHexString(secret, handshake._secrets, out _, out handshake._clientBytes);
        }
        else if (line.StartsWith("SERVER_TRAFFIC_SECRET_0 "u8))
        {
            Convert.FromHexString(secret, handshake._secrets.AsSpan(TlsSuites.HashBytesMax), out _, out handshake._serverBytes);
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_secrets);
        if (_ssl != 0)
        {
            OpenSsl.Free(_ssl);
            _ssl = 0;
        }
    }
}
